/**
 * safetensors: 8 bytes header length, a JSON header, then the tensors (https://huggingface.co/docs/safetensors). The rules
 * are those of the reference implementation: at most 100 MB of header, tensors cover the rest of the file without gap or
 * overlap, names are unique.
 */
import { open, writeFile } from 'node:fs/promises'
import { ModelFileError } from '../../errors.js'
import type { Checkpoint, DType, TensorEntry } from '../checkpoint.js'
import { DTYPE_BYTES, elementCount } from './dtype.js'

const MAX_HEADER = 100_000_000

/**
 * Reads and checks the header.
 *
 * @param size Bytes of the file.
 * @throws ModelFileError naming the file and the tensor or field at fault.
 */
export async function readSafetensors(file: string, size: number): Promise<Checkpoint> {
  const header = parseHeader(file, await readHeader(file, size))
  const dataStart = 8 + header.bytes
  const entries = Object.entries(header.json)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, field]) => readEntry({ file, name, field, dataStart }))
  checkCoverage(file, entries, dataStart, size)
  return {
    file,
    tensors: new Map(entries.map(entry => [entry.name, entry])),
    metadata: readMetadata(file, header.json.__metadata__),
  }
}

async function readHeader(file: string, size: number): Promise<Buffer> {
  if (size < 8) throw malformed(file, `is ${size} bytes long, too short for a header`)
  const handle = await open(file)
  try {
    const prefix = await handle.read(Buffer.alloc(9), 0, 9, 0)
    const length = prefix.buffer.readBigUInt64LE(0)
    if (prefix.buffer[8] !== 0x7b || length < 2n) {
      throw new ModelFileError(`${file}: is neither safetensors nor a PyTorch file`, {
        hint: 'Horde models are .safetensors or .ckpt; the content decides, not the name.',
      })
    }
    if (length > BigInt(MAX_HEADER)) throw malformed(file, `claims a header of ${length} bytes; 100 MB is the most`)
    if (length > BigInt(size - 8)) {
      throw malformed(file, `claims a header of ${length} bytes, but the file has ${size}`)
    }
    const { buffer } = await handle.read(Buffer.alloc(Number(length)), 0, Number(length), 8)
    return buffer
  } finally {
    await handle.close()
  }
}

function parseHeader(file: string, bytes: Buffer): { json: Readonly<Record<string, unknown>>; bytes: number } {
  let text: string
  let json: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    json = JSON.parse(text)
  } catch (cause) {
    throw malformed(file, `has a header that is no JSON (${cause instanceof Error ? cause.message : cause})`, cause)
  }
  if (!isObject(json)) throw malformed(file, 'has a header that is no JSON object')
  const twice = duplicateKey(text)
  if (twice !== undefined) throw malformed(file, `has "${twice}" twice in its header`)
  return { json, bytes: bytes.length }
}

/** JSON.parse silently keeps the last of two equal keys; a reader that keeps the first would see another model. */
function duplicateKey(text: string): string | undefined {
  const objects: Set<string>[] = []
  let token = ''
  for (const [part] of text.matchAll(/"(?:[^"\\]+|\\.)*"|[{}:]/g)) {
    if (part === '{') objects.push(new Set())
    else if (part === '}') objects.pop()
    else if (part !== ':') token = part
    else {
      const key: string = JSON.parse(token)
      if (objects.at(-1)?.has(key)) return key
      objects.at(-1)?.add(key)
    }
  }
  return undefined
}

function readEntry(place: { file: string; name: string; field: unknown; dataStart: number }): TensorEntry {
  const { file, name, field, dataStart } = place
  const wrong = (what: string) => malformed(file, `tensor "${name}": ${what}`)
  if (!isObject(field)) throw wrong('must be an object')
  const { dtype, shape, data_offsets: offsets } = field
  if (!isDType(dtype)) throw wrong(`dtype must be one of ${Object.keys(DTYPE_BYTES).join(', ')}, got ${show(dtype)}`)
  if (!isSizes(shape)) throw wrong(`shape must be a list of sizes, got ${show(shape)}`)
  if (!isSizes(offsets) || offsets.length !== 2) throw wrong(`data_offsets must be two sizes, got ${show(offsets)}`)
  const [begin = 0, end = 0] = offsets
  const length = elementCount(shape) * DTYPE_BYTES[dtype]
  if (!Number.isSafeInteger(length)) throw wrong(`shape ${show(shape)} is larger than any file`)
  if (end - begin !== length) {
    throw wrong(`data_offsets ${show(offsets)} hold ${end - begin} bytes; ${dtype} ${show(shape)} needs ${length}`)
  }
  return { name, dtype, shape, file, offset: dataStart + begin, length }
}

function checkCoverage(file: string, entries: readonly TensorEntry[], dataStart: number, size: number): void {
  const sorted = entries.toSorted((a, b) => a.offset - b.offset || a.length - b.length)
  let end = dataStart
  for (const entry of sorted) {
    const offset = entry.offset - dataStart
    if (entry.offset < end) throw malformed(file, `tensor "${entry.name}": overlaps another at data offset ${offset}`)
    if (entry.offset > end) {
      throw malformed(file, `tensor "${entry.name}": ${entry.offset - end} bytes before it belong to no tensor`)
    }
    end = entry.offset + entry.length
    if (end > size) {
      throw malformed(file, `tensor "${entry.name}": ends at byte ${end}, but the file has ${size}: it is truncated`)
    }
  }
  if (end < size) throw malformed(file, `has ${size - end} bytes behind its last tensor`)
}

function readMetadata(file: string, field: unknown): Record<string, string> {
  if (field === undefined || field === null) return {}
  if (!isObject(field)) throw malformed(file, '__metadata__ must be an object')
  const metadata: Record<string, string> = {}
  for (const [key, value] of Object.entries(field)) {
    if (typeof value !== 'string') throw malformed(file, `__metadata__.${key} must be a string, got ${show(value)}`)
    metadata[key] = value
  }
  return metadata
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isDType = (value: unknown): value is DType => typeof value === 'string' && Object.hasOwn(DTYPE_BYTES, value)

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every(item => Number.isSafeInteger(item) && item >= 0)

const show = (value: unknown): string => (JSON.stringify(value) ?? String(value)).slice(0, 80)

const malformed = (file: string, what: string, cause?: unknown) =>
  new ModelFileError(`${file}: ${what}`, {
    hint: 'The safetensors file is damaged or was not written by a safetensors library; download it again.',
    cause,
  })

/** A tensor to be written: its bytes are little-endian and row-major. */
export interface TensorToWrite {
  dtype: DType
  shape: readonly number[]
  data: ArrayBufferView
}

/** Writes a safetensors file: {@link safetensorsBytes} of small things, all of which pass through memory. */
export async function writeSafetensors(
  file: string,
  tensors: Readonly<Record<string, TensorToWrite>>,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  await writeFile(file, safetensorsBytes(tensors, metadata))
}

/**
 * The bytes of a safetensors file, tensors in the order given.
 *
 * @throws RangeError when a tensor's bytes do not fit its dtype and shape.
 */
export function safetensorsBytes(
  tensors: Readonly<Record<string, TensorToWrite>>,
  metadata?: Readonly<Record<string, string>>,
): Buffer {
  const parts = Object.entries(tensors).map(([name, { dtype, shape, data }]) => {
    const needed = elementCount(shape) * DTYPE_BYTES[dtype]
    if (data.byteLength !== needed) {
      throw new RangeError(
        `tensor "${name}": ${dtype} [${shape.join(', ')}] needs ${needed} bytes, got ${data.byteLength}`,
      )
    }
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  })
  return Buffer.concat([safetensorsHeader(tensors, metadata).bytes, ...parts])
}

/** What a safetensors file begins with; its tensors follow in the order given, `dataBytes` in all. */
export function safetensorsHeader(
  tensors: Readonly<Record<string, Pick<TensorToWrite, 'dtype' | 'shape'>>>,
  metadata?: Readonly<Record<string, string>>,
): { bytes: Buffer; dataBytes: number } {
  const header: Record<string, unknown> = metadata === undefined ? {} : { __metadata__: metadata }
  let dataBytes = 0
  for (const [name, { dtype, shape }] of Object.entries(tensors)) {
    const end = dataBytes + elementCount(shape) * DTYPE_BYTES[dtype]
    header[name] = { dtype, shape, data_offsets: [dataBytes, end] }
    dataBytes = end
  }
  const json = Buffer.from(JSON.stringify(header))
  // Padding with spaces keeps the data aligned to 8 bytes, as the reference implementation does.
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ')
  json.copy(padded)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(padded.length))
  return { bytes: Buffer.concat([length, padded]), dataBytes }
}
