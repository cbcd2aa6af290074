/**
 * A checkpoint is a file of named tensors. Opening one reads its header and nothing else; values are read when asked for,
 * and only the bytes that hold them.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { ModelFileError } from '../errors.js'
import { DTYPE_BYTES, type TensorData, toFloats, typedArray } from './files/dtype.js'
import { readLegacyTorch } from './files/legacy-torch.js'
import { readSafetensors } from './files/safetensors.js'
import { readTorchZip } from './files/torch-zip.js'

export type DType =
  | 'F64'
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'F8_E4M3'
  | 'F8_E5M2'
  | 'I64'
  | 'I32'
  | 'I16'
  | 'I8'
  | 'U8'
  | 'BOOL'

/** Where the values of one tensor lie: little-endian, row-major, without gaps. */
export interface TensorEntry {
  name: string
  dtype: DType
  shape: readonly number[]
  file: string
  /** Absolute, in bytes from the start of the file. */
  offset: number
  /** Bytes. */
  length: number
}

export interface Checkpoint {
  file: string
  tensors: ReadonlyMap<string, TensorEntry>
  /** Strings that the writer of the file added; empty where the format has none. */
  metadata: Readonly<Record<string, string>>
}

/**
 * Reads the header of a model file: safetensors, or PyTorch's `.ckpt`/`.pt`/`.bin`/`.pth` in both of its formats. The
 * content decides, not the name.
 *
 * @throws ModelFileError naming the file and the field when it is missing, malformed, or nothing of the above.
 */
export async function openCheckpoint(file: string): Promise<Checkpoint> {
  const { size, head } = await readHead(file)
  const checkpoint = await readerOf(file, head)(file, size)
  return { ...checkpoint, tensors: withTextModel(checkpoint.tensors) }
}

async function readHead(file: string): Promise<{ size: number; head: Buffer }> {
  try {
    const status = await stat(file)
    if (status.isDirectory()) throw isFolder(file)
    const { size } = status
    const handle = await open(file)
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(16), 0, 16, 0)
      return { size, head: buffer.subarray(0, bytesRead) }
    } finally {
      await handle.close()
    }
  } catch (cause) {
    if (cause instanceof ModelFileError) throw cause
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw new ModelFileError(`${file}: cannot be read (${reason})`, {
      hint: 'Check the path and its permissions; `horde-onnx doctor` lists the models it finds.',
      cause,
    })
  }
}

const isFolder = (file: string) =>
  new ModelFileError(`${file}: is a folder, expected a model in one file`, {
    hint: 'The folders of diffusers are not read; its script convert_diffusers_to_original_stable_diffusion.py makes one file of them.',
  })

function readerOf(file: string, head: Buffer): (file: string, size: number) => Promise<Checkpoint> {
  const text = head.toString('latin1')
  if (text.startsWith('PK\x03\x04')) return readTorchZip
  if (text.startsWith('\x80\x02\x8a\x0a')) return readLegacyTorch
  if (/^\s*<(!|h)/i.test(text) || text.startsWith('version https')) {
    throw new ModelFileError(`${file}: is ${text.startsWith('v') ? 'a Git LFS pointer' : 'a web page'}, not a model`, {
      hint: 'The download did not fetch the file itself; download it again.',
    })
  }
  return readSafetensors
}

const OLD_CLIP = /^cond_stage_model\.transformer\.(?=(embeddings|encoder|final_layer_norm)\.)/

/** Checkpoints saved with transformers before 4.9 lack the `text_model.` of CLIP's keys; everyone else expects it. */
function withTextModel(tensors: ReadonlyMap<string, TensorEntry>): ReadonlyMap<string, TensorEntry> {
  if (![...tensors.keys()].some(name => OLD_CLIP.test(name))) return tensors
  return new Map(
    [...tensors].map(([old, entry]) => {
      const name = old.replace(OLD_CLIP, 'cond_stage_model.transformer.text_model.')
      return [name, { ...entry, name }]
    }),
  )
}

/**
 * The values as the file has them, in the typed array of the dtype's size: F16 and BF16 as bits in a `Uint16Array`, F8 and
 * BOOL in a `Uint8Array`.
 */
export async function readTensor(entry: TensorEntry): Promise<TensorData> {
  return typedArray(entry.dtype, await readBytes(entry))
}

/** The values of a tensor of any dtype as 32-bit floats; F64 and integers past 2^24 are rounded. */
export async function readFloats(entry: TensorEntry): Promise<Float32Array> {
  return toFloats(entry.dtype, await readBytes(entry))
}

/** The same without waiting: for the small tensors that a graph has inside of itself. */
export function readFloatsSync(entry: TensorEntry): Float32Array {
  const bytes = new Uint8Array(entry.length)
  const file = openSync(entry.file, 'r')
  try {
    if (readSync(file, bytes, 0, entry.length, entry.offset) !== entry.length) throw shortRead(entry)
  } finally {
    closeSync(file)
  }
  return toFloats(entry.dtype, bytes)
}

/** The values of many tensors as floats, neighbours in a file read at once. For the hundreds of small tensors of an adapter. */
export async function readManyFloats(entries: readonly TensorEntry[]): Promise<readonly Float32Array[]> {
  const handles = new Map<string, FileHandle>()
  const values = new Map<TensorEntry, Float32Array>()
  try {
    for (const span of spansOf(entries)) {
      const handle = handles.get(span.file) ?? (await open(span.file))
      handles.set(span.file, handle)
      const bytes = await readBytesFrom(handle, span)
      for (const entry of span.entries) {
        const start = entry.offset - span.offset
        values.set(entry, toFloats(entry.dtype, bytes.subarray(start, start + entry.length)))
      }
    }
  } finally {
    for (const handle of handles.values()) await handle.close()
  }
  return entries.map(entry => values.get(entry) ?? new Float32Array())
}

/** Bytes of a file that are read at once. */
type Span = Place & { entries: TensorEntry[] }

const SPAN_BYTES = 8 << 20
const SPAN_GAP = 4096

/** Tensors that lie beside each other, together. */
function spansOf(entries: readonly TensorEntry[]): Span[] {
  const spans: Span[] = []
  const sorted = [...new Set(entries)].sort((a, b) =>
    a.file === b.file ? a.offset - b.offset : a.file < b.file ? -1 : 1,
  )
  for (const entry of sorted) {
    const { name, file, offset, length } = entry
    const last = spans.at(-1)
    const end = offset + length
    if (last?.file === file && offset - last.offset - last.length <= SPAN_GAP && end - last.offset <= SPAN_BYTES) {
      last.length = Math.max(last.length, end - last.offset)
      last.entries.push(entry)
    } else {
      spans.push({ name, file, offset, length, entries: [entry] })
    }
  }
  return spans
}

/**
 * Rows of the first dimension, in the order asked for, as one array of `rows.length · rowLength` floats. Reads the bytes
 * of these rows only: three rows of a table of 49408 cost three small reads.
 *
 * @throws RangeError when a row does not exist.
 */
export async function readRows(entry: TensorEntry, rows: readonly number[]): Promise<Float32Array> {
  const [count = 0, ...rest] = entry.shape
  const width = rest.reduce((product, dim) => product * dim, 1)
  const rowBytes = width * DTYPE_BYTES[entry.dtype]
  const result = new Float32Array(rows.length * width)
  const bytes = new Uint8Array(rowBytes)
  // Waiting for each of a hundred small reads would be a hundred turns of a lane that computes for others meanwhile.
  const file = openSync(entry.file, 'r')
  try {
    for (const [i, row] of rows.entries()) {
      if (!Number.isInteger(row) || row < 0 || row >= count) {
        throw new RangeError(`${entry.file}: tensor "${entry.name}" has ${count} rows, not one of number ${row}`)
      }
      if (readSync(file, bytes, 0, rowBytes, entry.offset + row * rowBytes) !== rowBytes) throw shortRead(entry)
      result.set(toFloats(entry.dtype, bytes), i * width)
    }
  } finally {
    closeSync(file)
  }
  return result
}

async function readBytes(entry: TensorEntry): Promise<Uint8Array> {
  const handle = await open(entry.file)
  try {
    return await readBytesFrom(handle, entry)
  } finally {
    await handle.close()
  }
}

type Place = Pick<TensorEntry, 'name' | 'file' | 'offset' | 'length'>

async function readBytesFrom(handle: FileHandle, entry: Place): Promise<Uint8Array> {
  const bytes = new Uint8Array(entry.length)
  // One read may return less than asked for, and never more than 2 GiB.
  for (let done = 0; done < entry.length; ) {
    const part = Math.min(entry.length - done, 1 << 30)
    const { bytesRead } = await handle.read(bytes, done, part, entry.offset + done)
    if (bytesRead === 0) throw shortRead(entry)
    done += bytesRead
  }
  return bytes
}

const shortRead = (entry: Pick<TensorEntry, 'name' | 'file'>) =>
  new ModelFileError(`${entry.file}: ended inside tensor "${entry.name}"`, {
    hint: 'The file has changed since it was opened; download it again.',
  })
