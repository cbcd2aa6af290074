import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ModelFileError } from '../../errors.js'
import { openCheckpoint, readFloats, type TensorEntry } from '../checkpoint.js'

const folder = mkdtempSync(join(tmpdir(), 'horde-onnx-torch-'))
afterAll(() => rmSync(folder, { recursive: true }))

const latin = (text: string) => Buffer.from(text, 'latin1')
const text = (value: string) => `X${String.fromCharCode(value.length)}\0\0\0${value}`
const int = (value: number) => `M${String.fromCharCode(value & 255, value >> 8)}`
const ints = (values: readonly number[]) => `(${values.map(int).join('')}t`

interface TensorSpec {
  storage?: string
  elements?: number
  type?: string
  offset?: number
  shape?: readonly number[]
  strides?: readonly number[]
}

/** The instructions by which torch.save describes a tensor; `legacy` ids have a view as a sixth element. */
function tensor(spec: TensorSpec = {}, legacy = false): string {
  const { storage = '0', elements = 6, type = 'FloatStorage', offset = 0, shape = [2, 3], strides = [3, 1] } = spec
  const id = `(${text('storage')}ctorch\n${type}\n${text(storage)}${text('cpu')}${int(elements)}${legacy ? 'N' : ''}tQ`
  return `ctorch._utils\n_rebuild_tensor_v2\n(${id}${int(offset)}${ints(shape)}${ints(strides)}\x89ccollections\nOrderedDict\n)RtR`
}

const stateDict = (entries: Record<string, string>) =>
  `}(${Object.entries(entries)
    .map(([name, value]) => text(name) + value)
    .join('')}u`

interface Member {
  name: string
  data: Buffer
  method?: number
}

/** A zip of members as PyTorch writes it, with padding in the local headers' extra fields. */
function zip(members: readonly Member[], { zip64 = false } = {}): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const { name, data, method = 0 } of members) {
    const local = Buffer.alloc(30 + name.length + 5)
    local.writeUInt32LE(0x04034b50)
    local.writeUInt16LE(method, 8)
    local.writeUInt16LE(name.length, 26)
    local.writeUInt16LE(5, 28)
    local.write(name, 30, 'latin1')
    const extra = zip64 ? 4 + 24 : 0
    const entry = Buffer.alloc(46 + name.length + extra)
    entry.writeUInt32LE(0x02014b50)
    entry.writeUInt16LE(method, 10)
    entry.writeUInt32LE(zip64 ? 0xffffffff : data.length, 20)
    entry.writeUInt32LE(zip64 ? 0xffffffff : data.length, 24)
    entry.writeUInt16LE(name.length, 28)
    entry.writeUInt16LE(extra, 30)
    entry.writeUInt32LE(zip64 ? 0xffffffff : at, 42)
    entry.write(name, 46, 'latin1')
    if (zip64) {
      entry.writeUInt16LE(1, 46 + name.length)
      entry.writeUInt16LE(24, 48 + name.length)
      for (const [i, value] of [data.length, data.length, at].entries()) {
        entry.writeBigUInt64LE(BigInt(value), 50 + name.length + 8 * i)
      }
    }
    parts.push(local, data)
    directory.push(entry)
    at += local.length + data.length
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50)
  end.writeUInt32LE(zip64 ? 0xffffffff : central.length, 12)
  end.writeUInt32LE(zip64 ? 0xffffffff : at, 16)
  if (!zip64) return Buffer.concat([...parts, central, end])
  const record = Buffer.alloc(56)
  record.writeUInt32LE(0x06064b50)
  record.writeBigUInt64LE(BigInt(central.length), 40)
  record.writeBigUInt64LE(BigInt(at), 48)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(0x07064b50)
  locator.writeBigUInt64LE(BigInt(at + central.length), 8)
  return Buffer.concat([...parts, central, record, locator, end])
}

const floats = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer)
const six = floats(1, 2, 3, 4, 5, 6)

const archive = (pickle: string, members: readonly Member[] = [{ name: 'm/data/0', data: six }]) => [
  { name: 'm/data.pkl', data: latin(`\x80\x02${pickle}.`) },
  ...members,
]

function save(bytes: Buffer): string {
  const file = join(folder, 'model.ckpt')
  writeFileSync(file, bytes)
  return file
}

async function read(bytes: Buffer): Promise<Record<string, number[]>> {
  const { tensors } = await openCheckpoint(save(bytes))
  const values: Record<string, number[]> = {}
  for (const [name, entry] of tensors) values[name] = [...(await readFloats(entry))]
  return values
}

describe('a PyTorch zip file', () => {
  it.each([{ zip64: false }, { zip64: true }])('gives its tensors in place ($zip64)', async options => {
    const pickle = stateDict({ a: tensor(), b: tensor({ offset: 4, shape: [2], strides: [1] }) })
    expect(await read(zip(archive(pickle), options))).toEqual({ a: [1, 2, 3, 4, 5, 6], b: [5, 6] })
  })

  it('looks into state_dict and leaves the rest of a training checkpoint alone', async () => {
    const pickle = stateDict({ epoch: int(3), state_dict: stateDict({ w: tensor() }), optimizer: tensor() })
    expect(Object.keys(await read(zip(archive(pickle))))).toEqual(['w'])
  })

  it('joins the names of nested dicts and lists by dots', async () => {
    const pickle = `](${stateDict({ clip: tensor() })}${stateDict({ x: stateDict({ '*': tensor() }) })}e`
    expect(Object.keys(await read(zip(archive(pickle))))).toEqual(['0.clip', '1.x.*'])
  })

  it('takes rows whose only stray stride is that of a dimension of one', async () => {
    const pickle = stateDict({ a: tensor({ shape: [1, 6], strides: [77, 1] }) })
    expect(await read(zip(archive(pickle)))).toEqual({ a: [1, 2, 3, 4, 5, 6] })
  })

  it.each<[string, () => Buffer, RegExp]>([
    [
      'tries os.system',
      () => zip(archive(`cos\nsystem\n(${text('touch /tmp/pwned')}tR`)),
      /refused: its pickle asks for the Python name "os\.system"/,
    ],
    [
      'has a transposed view',
      () => zip(archive(stateDict({ a: tensor({ strides: [1, 2] }) }))),
      /tensor "a": is a view with strides \[1, 2\] for shape \[2, 3\]/,
    ],
    [
      'reads past its storage',
      () => zip(archive(stateDict({ a: tensor({ offset: 1 }) }))),
      /tensor "a": needs bytes 4 to 28 of a storage of 24/,
    ],
    [
      'has no such storage',
      () => zip(archive(stateDict({ a: tensor({ storage: '9' }) }))),
      /its storage "9" is missing/,
    ],
    [
      'is compressed',
      () => zip(archive(stateDict({ a: tensor() }), [{ name: 'm/data/0', data: six, method: 8 }])),
      /member "m\/data\/0" is compressed/,
    ],
    ['is a zip of something else', () => zip([{ name: 'x/readme.txt', data: six }]), /zip without data\.pkl/],
    [
      'is big-endian',
      () => zip(archive(stateDict({}), [{ name: 'm/byteorder', data: latin('big') }])),
      /is of byte order "big"/,
    ],
    [
      'is cut off',
      () => zip(archive(stateDict({ a: tensor() }))).subarray(0, 300),
      /zip without a directory: it is truncated/,
    ],
    [
      'has a member twice',
      () => zip(archive(stateDict({}), [{ name: 'm/data.pkl', data: six }])),
      /has the member "m\/data\.pkl" twice/,
    ],
    [
      'points outside itself',
      () => {
        const bytes = zip(archive(stateDict({})))
        bytes.writeUInt32LE(0x7fffffff, bytes.length - 6)
        return bytes
      },
      /points to bytes 2147483647/,
    ],
    ['nests a dict in itself', () => zip(archive(`}q\x00${text('a')}h\x00s`)), /nests its dicts too deeply/],
    ['nests dicts that double with every level', () => zip(archive(doubling(40))), /nests its dicts too deeply/],
  ])('that %s is refused, naming the file', async (_, bytes, message) => {
    const failure = await read(bytes()).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ModelFileError)
    expect(String(failure)).toContain('model.ckpt')
    expect(String(failure)).toMatch(message)
    expect(existsSync('/tmp/pwned')).toBe(false)
  })
})

/** Dicts d0 = {}, d(n+1) = {a: dn, b: dn}: small in the file, 2^levels when walked. */
function doubling(levels: number): string {
  let pickle = '}q\x00'
  for (let i = 0; i < levels; i++) pickle += `}(${text('a')}h\x00${text('b')}h\x00uq\x00`
  return pickle
}

describe('a PyTorch file of before 1.6', () => {
  const storage = (data: Buffer) => {
    const count = Buffer.alloc(8)
    count.writeBigInt64LE(BigInt(data.length / 4))
    return Buffer.concat([count, data])
  }
  const legacy = (pickle: string, keys: readonly string[], data: Buffer) =>
    Buffer.concat([
      latin('\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.'),
      latin('\x80\x02M\xe9\x03.'),
      latin(`\x80\x02}(${text('little_endian')}\x88u.`),
      latin(`\x80\x02${pickle}.`),
      latin(`\x80\x02](${keys.map(text).join('')}e.`),
      data,
    ])

  it('gives its tensors in place', async () => {
    const pickle = stateDict({
      a: tensor({ storage: 'k1' }, true),
      b: tensor({ storage: 'k2', elements: 2, shape: [2], strides: [1] }, true),
    })
    const data = Buffer.concat([storage(six), storage(floats(8, 9))])
    expect(await read(legacy(pickle, ['k1', 'k2'], data))).toEqual({ a: [1, 2, 3, 4, 5, 6], b: [8, 9] })
  })

  it('that is cut off, or tries os.system, is refused', async () => {
    const pickle = stateDict({ a: tensor({}, true) })
    await expect(read(legacy(pickle, ['0'], storage(six).subarray(0, 20)))).rejects.toThrow(
      /ends inside its storage "0"/,
    )
    const attack = legacy(`cposix\nsystem\n(${text('id')}tR`, [], Buffer.alloc(0))
    await expect(read(attack)).rejects.toThrow(/asks for the Python name "posix\.system"/)
  })
})

const PICKLED = '../shared/reference/models/pocket-embedding-pt.pt'

describe.skipIf(!existsSync(PICKLED))(`a file that PyTorch wrote (needs ${PICKLED})`, () => {
  it('gives its three vectors', async () => {
    const { tensors } = await openCheckpoint(PICKLED)
    expect([...tensors.keys()]).toEqual(['string_to_param.*'])
    const entry = tensors.get('string_to_param.*') as TensorEntry
    expect(entry).toMatchObject({ dtype: 'F32', shape: [3, 128], length: 1536 })
    // The file was read with Python's zipfile and struct.
    expect([...(await readFloats(entry)).slice(0, 3)]).toEqual([
      -0.055389404296875, 0.00147247314453125, 0.031585693359375,
    ])
  })
})
