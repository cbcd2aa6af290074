import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runGraph } from '../../test/support/run-graph.js'
import { createGraph, type DType, GraphError } from './index.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'graph-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Adds a stored tensor [4] to zeros and returns what ONNX Runtime makes of it. */
async function load(file: string, dtype: DType, offset: number): Promise<number[]> {
  const g = createGraph()
  const x = g.input('x', 'float32', [4])
  g.output('y', g.add(x, g.external('weight', { file, offset, dtype, shape: [4] })))
  const { y } = await runGraph(g.build(), { x: { shape: [4], data: new Float32Array(4) } })
  return [...(y?.data ?? [])]
}

/** 1, −2, 0.5 and 3 in each format, little-endian, as IEEE 754 and the OCP's FP8 formats spell them. */
const spellings: [DType, string][] = [
  ['float64', '000000000000f03f00000000000000c0000000000000e03f0000000000000840'],
  ['float32', '0000803f000000c00000003f00004040'],
  ['float16', '003c00c000380042'],
  ['bfloat16', '803f00c0003f4040'],
  ['float8e4m3fn', '38c03044'],
  ['float8e5m2', '3cc03842'],
]

describe('stored tensors', () => {
  it.each(spellings)('of type %s are read from any offset of a file', async (dtype, hex) => {
    const file = join(folder, `${dtype}.bin`)
    writeFileSync(file, Buffer.concat([Buffer.alloc(13, 0xff), Buffer.from(hex, 'hex'), Buffer.alloc(5, 0xff)]))
    expect(await load(file, dtype, 13)).toEqual([1, -2, 0.5, 3])
  })

  it('are found through a symbolic link, and in several folders beside computed ones', async () => {
    mkdirSync(join(folder, 'a'))
    mkdirSync(join(folder, 'b/c'), { recursive: true })
    const [first, second, link] = [
      join(folder, 'a/first.bin'),
      join(folder, 'b/c/second.bin'),
      join(folder, 'b/link.bin'),
    ]
    writeFileSync(first, new Uint8Array(Float32Array.of(1, 2).buffer))
    writeFileSync(second, new Uint8Array(Float32Array.of(10, 20).buffer))
    symlinkSync(first, link)
    const g = createGraph()
    const size = 20_000
    const x = g.input('x', 'float32', [1, 2])
    const stored = (name: string, file: string) => g.external(name, { file, offset: 0, dtype: 'float32', shape: [2] })
    const sum = g.add(g.add(x, stored('first', link)), stored('second', second))
    g.output('y', g.mul(sum, g.tensor('computed', new Float32Array(2 * size).fill(3), [size, 2])))
    const built = g.build()
    expect(built.folder).toBe(folder)
    expect(built.externalData).toEqual([])
    const { y } = await runGraph(built, { x: { shape: [1, 2], data: Float32Array.of(0, 0) } })
    expect(y?.shape).toEqual([size, 2])
    expect([...(y?.data.slice(-2) ?? [])]).toEqual([33, 66])
  })

  it('may all be computed: large ones travel beside the model', async () => {
    const g = createGraph()
    const data = new Float32Array(20_000).fill(3)
    g.output('y', g.mul(g.input('x', 'float32', [1]), g.tensor('computed', data, [data.length])))
    const built = g.build()
    expect(built.folder).toBeUndefined()
    expect(built.externalData).toHaveLength(1)
    expect(built.bytes.length).toBeLessThan(1000)
    const { y } = await runGraph(built, { x: { shape: [1], data: Float32Array.of(2) } })
    expect(y?.data).toEqual(new Float32Array(20_000).fill(6))
  })

  it('of one name are one tensor, and not two different ones', () => {
    const g = createGraph()
    const tensor = { file: 'a', offset: 0, dtype: 'float16', shape: [2] } as const
    expect(g.external('weight', tensor)).toBe(g.external('weight', tensor))
    expect(() => g.external('weight', { ...tensor, file: 'b' })).toThrow(GraphError)
    expect(() => g.external('weight', { ...tensor, shape: [2, 1] })).toThrow(/`weight` is already another tensor/)
  })
})

describe('a graph', () => {
  it('says where a node does not fit, what it expects and what it got', () => {
    const g = createGraph()
    const x = g.input('x', 'float32', ['n', 4, 'h', 'w'])
    const weight = g.tensor('weight', new Float32Array(8 * 3 * 9), [8, 3, 3, 3])
    const build = () => g.scope('input_blocks.0', () => g.scope('0', () => g.conv2d(x, weight)))
    expect(build).toThrow('input_blocks.0/0: Conv expects a weight of [out, 4, kh, kw], got [8, 3, 3, 3]')
    expect(build).toThrow(GraphError)
  })

  it.each<[string, (g: ReturnType<typeof createGraph>) => unknown]>([
    ['Add of sizes that differ', g => g.add(g.input('a', 'float32', [2, 3]), g.input('b', 'float32', [2, 4]))],
    ['Add of symbols that differ', g => g.add(g.input('a', 'float32', ['h']), g.input('b', 'float32', ['w']))],
    ['Reshape to another size', g => g.reshape(g.input('a', 'float32', ['n', 6]), ['n', 5])],
    [
      'Concat of images that differ in height',
      g => g.concat([g.input('a', 'float32', ['n', 1, 'h']), g.input('b', 'float32', ['n', 1, 'k'])], 1),
    ],
    ['Split that leaves something', g => g.split(g.input('a', 'float32', ['n', 6]), [2, 3], 1)],
    ['Slice beyond the end', g => g.slice(g.input('a', 'float32', ['n', 6]), { axis: 1, start: 3, end: 7 })],
    ['Transpose without an axis', g => g.transpose(g.input('a', 'float32', ['n', 6]), [0])],
    [
      'attention of heads that do not divide the width',
      g => {
        const x = g.input('a', 'float32', ['n', 's', 10])
        return g.attention({ q: x, k: x, v: x, heads: 3 })
      },
    ],
    ['an output that is an input', g => g.output('y', g.input('x', 'float32', [1]))],
  ])('refuses %s', (_, build) => {
    expect(() => build(createGraph())).toThrow(GraphError)
  })

  it('names nodes after their scopes, so that viewers show where they belong', () => {
    const g = createGraph()
    const x = g.input('x', 'float32', [1])
    const names = g.scope('block', () => [g.silu(x), g.silu(x)].map(value => value.name))
    expect(names).toEqual(['block/Mul', 'block/Mul_1'])
  })

  it('infers the sizes of what it computes', () => {
    const g = createGraph()
    const x = g.input('x', 'float32', ['n', 3, '8*h', '8*w'])
    const weight = g.tensor('weight', new Float32Array(5 * 3 * 9), [5, 3, 3, 3])
    const halved = g.conv2d(x, weight, undefined, { stride: 2, padding: 1 })
    expect(halved.shape).toEqual(['n', 5, '4*h', '4*w'])
    expect(g.upsample2x(halved).shape).toEqual(['n', 5, '8*h', '8*w'])
  })
})
