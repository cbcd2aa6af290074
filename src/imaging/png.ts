/** PNG's chunks (https://www.w3.org/TR/png-3/): reading the header, reading and adding text. Pixels are sharp's business. */
import { inflateSync } from 'node:zlib'

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
const HEADER_END = 33

export function isPng(file: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => file[i] === byte)
}

/** What the IHDR chunk says, or undefined where the file ends before it. */
export function readPngHeader(
  file: Uint8Array,
): { width: number; height: number; depth: number; colour: number } | undefined {
  if (!isPng(file) || file.length < HEADER_END) return undefined
  const view = viewOf(file)
  return { width: view.getUint32(16), height: view.getUint32(20), depth: view.getUint8(24), colour: view.getUint8(25) }
}

/** The text stored under a keyword, from the first `tEXt`, `zTXt` or `iTXt` chunk that has it. */
export function readPngText(file: Uint8Array, keyword: string): string | undefined {
  for (const { type, data } of chunks(file)) {
    if (type !== 'tEXt' && type !== 'zTXt' && type !== 'iTXt') continue
    const end = data.indexOf(0)
    if (end < 0 || Buffer.from(data.subarray(0, end)).toString('latin1') !== keyword) continue
    return textOf(type, data.subarray(end + 1))
  }
  return undefined
}

/**
 * The file with a text chunk after its header. Text of Latin-1 becomes `tEXt`, other text `iTXt` in UTF-8, as Pillow and with
 * it the web UIs write it.
 */
export function insertPngText(file: Uint8Array, keyword: string, text: string): Uint8Array {
  const latin = /^[\0-\xff]*$/.test(text)
  const head = Buffer.from(`${keyword}\0${latin ? '' : '\0\0\0\0'}`, 'latin1')
  const chunk = makeChunk(latin ? 'tEXt' : 'iTXt', Buffer.concat([head, Buffer.from(text, latin ? 'latin1' : 'utf8')]))
  return new Uint8Array(Buffer.concat([file.subarray(0, HEADER_END), chunk, file.subarray(HEADER_END)]))
}

/** Chunks that pixels need. */
const PIXEL_CHUNKS = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND'])

/** The same pixels without everything else that the file says: texts, dates, places, profiles. */
export function barePng(file: Uint8Array): Uint8Array {
  const kept = [...chunks(file)].filter(({ type }) => PIXEL_CHUNKS.has(type))
  return new Uint8Array(
    Buffer.concat([file.subarray(0, SIGNATURE.length), ...kept.map(({ type, data }) => makeChunk(type, data))]),
  )
}

function* chunks(file: Uint8Array): Generator<{ type: string; data: Uint8Array }> {
  if (!isPng(file)) return
  const view = viewOf(file)
  for (let at = SIGNATURE.length; at + 12 <= file.length; ) {
    const end = at + 12 + view.getUint32(at)
    if (end > file.length) return
    yield { type: Buffer.from(file.subarray(at + 4, at + 8)).toString('latin1'), data: file.subarray(at + 8, end - 4) }
    at = end
  }
}

/** `rest` is what follows the keyword's zero byte. */
function textOf(type: 'tEXt' | 'zTXt' | 'iTXt', rest: Uint8Array): string | undefined {
  if (type === 'tEXt') return Buffer.from(rest).toString('latin1')
  if (type === 'zTXt') return inflate(rest.subarray(1))?.toString('latin1')
  const language = rest.indexOf(0, 2)
  const translated = language < 0 ? -1 : rest.indexOf(0, language + 1)
  if (translated < 0) return undefined
  const text = rest.subarray(translated + 1)
  return rest[0] === 1 ? inflate(text)?.toString('utf8') : Buffer.from(text).toString('utf8')
}

/** A picture's text is short: what inflates beyond a mebibyte is a bomb, not a prompt. */
function inflate(data: Uint8Array): Buffer | undefined {
  try {
    return inflateSync(data, { maxOutputLength: 2 ** 20 })
  } catch {
    return undefined
  }
}

function makeChunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const chunk = Buffer.alloc(body.length + 8)
  chunk.writeUInt32BE(data.length, 0)
  chunk.set(body, 4)
  chunk.writeUInt32BE(crc32(body), body.length + 4)
  return chunk
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1
  return n
})

/** CRC-32 as PNG uses it; `node:zlib` has one only since Node 20.15. */
function crc32(data: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of data) crc = (CRC_TABLE[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

function viewOf(file: Uint8Array): DataView {
  return new DataView(file.buffer, file.byteOffset, file.byteLength)
}
