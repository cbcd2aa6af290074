import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ModelFileError } from '../../errors.js'
import { openCheckpoint, readFloats, readRows, readTensor, type TensorEntry } from '../checkpoint.js'
import { writeSafetensors } from './safetensors.js'

const folder = mkdtempSync(join(tmpdir(), 'horde-onnx-safetensors-'))
const file = join(folder, 'model.safetensors')
afterAll(() => rmSync(folder, { recursive: true }))

function withHeader(header: string | Buffer | object, data = 0, claimed?: bigint): string {
  const json =
    header instanceof Buffer ? header : Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(claimed ?? BigInt(json.length))
  writeFileSync(file, Buffer.concat([length, json, Buffer.alloc(data)]))
  return file
}

const tensor = (shape: unknown, offsets: unknown, dtype: unknown = 'F32') => ({ dtype, shape, data_offsets: offsets })

describe('a safetensors file', () => {
  it('comes back as it was written, and gives rows without reading the rest', async () => {
    await writeSafetensors(
      file,
      {
        table: { dtype: 'F32', shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
        scalar: { dtype: 'I64', shape: [], data: BigInt64Array.of(7n) },
        empty: { dtype: 'F16', shape: [0], data: new Uint16Array() },
      },
      { about: 'test' },
    )
    const { tensors, metadata } = await openCheckpoint(file)
    expect(metadata).toEqual({ about: 'test' })
    expect([...tensors.keys()]).toEqual(['table', 'scalar', 'empty'])
    const table = tensors.get('table') as TensorEntry
    expect(await readTensor(table)).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6))
    expect(await readRows(table, [2, 0, 2])).toEqual(Float32Array.of(5, 6, 1, 2, 5, 6))
    await expect(readRows(table, [3])).rejects.toThrow('has 3 rows, not one of number 3')
    expect(await readFloats(tensors.get('scalar') as TensorEntry)).toEqual(Float32Array.of(7))
    expect(await readTensor(tensors.get('empty') as TensorEntry)).toEqual(new Uint16Array())
  })

  it.each<[string, () => string, RegExp]>([
    ['is empty', () => raw(''), /is 0 bytes long, too short/],
    ['ends inside its length', () => raw('abc'), /is 3 bytes long, too short/],
    ['is text', () => raw('hello world, this is no model'), /neither safetensors nor a PyTorch file/],
    ['is a web page', () => raw('<!DOCTYPE html><html>…'), /is a web page, not a model/],
    ['is a Git LFS pointer', () => raw('version https://git-lfs.github.com/spec/v1'), /is a Git LFS pointer/],
    [
      'claims a header longer than itself',
      () => withHeader('{}', 0, 5000n),
      /claims a header of 5000 bytes, but the file has 10/,
    ],
    [
      'claims a header of 2^63',
      () => withHeader('{}', 0, 2n ** 63n),
      /claims a header of 9223372036854775808 bytes; 100 MB/,
    ],
    ['has a broken header', () => withHeader('{"a": '), /header that is no JSON/],
    [
      'has bytes that are no text',
      () => withHeader(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
      /header that is no JSON/,
    ],
    [
      'has the same name twice',
      () =>
        withHeader(
          '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
          8,
        ),
      /has "a" twice/,
    ],
    [
      'has a field twice',
      () => withHeader('{"a":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}', 4),
      /has "dtype" twice/,
    ],
    ['has a tensor that is no object', () => withHeader({ a: 3 }), /tensor "a": must be an object/],
    [
      'has an unknown dtype',
      () => withHeader({ a: tensor([1], [0, 4], 'F12') }, 4),
      /tensor "a": dtype must be one of F64, .* got "F12"/,
    ],
    [
      'has a dtype from the prototype',
      () => withHeader({ a: tensor([1], [0, 4], 'constructor') }, 4),
      /dtype must be one of/,
    ],
    [
      'has a negative size',
      () => withHeader({ a: tensor([-1], [0, 4]) }, 4),
      /tensor "a": shape must be a list of sizes, got \[-1\]/,
    ],
    ['has a fraction for a size', () => withHeader({ a: tensor([1.5], [0, 6]) }, 6), /shape must be a list of sizes/],
    [
      'has a shape past all files',
      () => withHeader({ a: tensor([2 ** 40, 2 ** 40], [0, 4]) }, 4),
      /shape .* is larger than any file/,
    ],
    ['has one offset', () => withHeader({ a: tensor([1], [0]) }, 4), /data_offsets must be two sizes, got \[0\]/],
    [
      'has offsets that run backwards',
      () => withHeader({ a: tensor([1], [4, 0]) }, 4),
      /hold -4 bytes; F32 \[1\] needs 4/,
    ],
    [
      'has too few bytes for a shape',
      () => withHeader({ a: tensor([3], [0, 8]) }, 8),
      /hold 8 bytes; F32 \[3\] needs 12/,
    ],
    [
      'is truncated',
      () => withHeader({ a: tensor([3], [0, 12]) }, 8),
      /tensor "a": ends at byte \d+, but the file has \d+: it is truncated/,
    ],
    [
      'has overlapping tensors',
      () => withHeader({ a: tensor([2], [0, 8]), b: tensor([2], [4, 12]) }, 12),
      /tensor "b": overlaps another at data offset 4/,
    ],
    [
      'has a hole',
      () => withHeader({ a: tensor([1], [0, 4]), b: tensor([1], [8, 12]) }, 12),
      /tensor "b": 4 bytes before it belong to no tensor/,
    ],
    ['has bytes at its end', () => withHeader({ a: tensor([1], [0, 4]) }, 9), /has 5 bytes behind its last tensor/],
    [
      'has metadata that is no text',
      () => withHeader({ __metadata__: { n: 3 } }),
      /__metadata__\.n must be a string, got 3/,
    ],
  ])('that %s is refused, naming file and fault', async (_, make, message) => {
    const path = make()
    const failure = await openCheckpoint(path).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ModelFileError)
    expect(failure).toMatchObject({ code: 'model-file', exitCode: 7 })
    expect(String(failure)).toContain(path)
    expect(String(failure)).toMatch(message)
  })

  it('that is missing is refused by its path', async () => {
    await expect(openCheckpoint(join(folder, 'nowhere'))).rejects.toThrow(/nowhere: cannot be read \(ENOENT\)/)
    await expect(openCheckpoint(folder)).rejects.toThrow(/is a folder, expected a model in one file/)
  })

  it('is not written when bytes and shape disagree', async () => {
    const wrong = writeSafetensors(file, { a: { dtype: 'F32', shape: [2], data: Float32Array.of(1) } })
    await expect(wrong).rejects.toThrow('tensor "a": F32 [2] needs 8 bytes, got 4')
  })
})

function raw(text: string): string {
  writeFileSync(file, text)
  return file
}
