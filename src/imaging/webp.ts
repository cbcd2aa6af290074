/** WebP's RIFF container (RFC 9649) and the one EXIF field that carries a text: UserComment. */

const EXIF_IFD = 0x8769
const USER_COMMENT = 0x9286
const LONG = 4
const UNDEFINED = 7
const EXIF_FLAG = 0x08
const ALPHA_FLAG = 0x10

export function isWebp(file: Uint8Array): boolean {
  return file.length >= 12 && ascii(file, 0) === 'RIFF' && ascii(file, 8) === 'WEBP'
}

/** The text of the EXIF field UserComment, or undefined. */
export function readWebpComment(file: Uint8Array): string | undefined {
  const exif = chunks(file).find(({ type }) => type === 'EXIF')
  return exif && readUserComment(exif.data)
}

/** The file (a still picture as sharp writes it) with its EXIF replaced by one that holds the text. */
export function insertWebpComment(
  file: Uint8Array,
  text: string,
  { width, height }: { width: number; height: number },
): Uint8Array {
  const old = chunks(file).filter(({ type }) => type !== 'EXIF')
  const flags = old.find(({ type }) => type === 'VP8X')?.data[0] ?? (losslessAlpha(old) ? ALPHA_FLAG : 0)
  const header = Buffer.alloc(10)
  header[0] = flags | EXIF_FLAG
  header.writeUIntLE(width - 1, 4, 3)
  header.writeUIntLE(height - 1, 7, 3)
  const parts = [
    makeChunk('VP8X', header),
    ...old.filter(({ type }) => type !== 'VP8X').map(({ type, data }) => makeChunk(type, data)),
    makeChunk('EXIF', exifOf(text)),
  ]
  const body = Buffer.concat([Buffer.from('WEBP', 'latin1'), ...parts])
  const head = Buffer.from('RIFF\0\0\0\0', 'latin1')
  head.writeUInt32LE(body.length, 4)
  return new Uint8Array(Buffer.concat([head, body]))
}

interface Chunk {
  type: string
  data: Uint8Array
}

function chunks(file: Uint8Array): Chunk[] {
  const found: Chunk[] = []
  if (!isWebp(file)) return found
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32LE(at + 4)
    if (at + 8 + size > bytes.length) break
    found.push({ type: ascii(file, at), data: file.subarray(at + 8, at + 8 + size) })
    at += 8 + size + (size & 1)
  }
  return found
}

function makeChunk(type: string, data: Uint8Array): Buffer {
  const chunk = Buffer.alloc(8 + data.length + (data.length & 1))
  chunk.write(type, 0, 'latin1')
  chunk.writeUInt32LE(data.length, 4)
  chunk.set(data, 8)
  return chunk
}

/** Bit 28 of a lossless stream's header says that alpha is used (RFC 9649, 3.4). */
function losslessAlpha(list: readonly Chunk[]): boolean {
  const stream = list.find(({ type }) => type === 'VP8L')?.data
  return stream !== undefined && ((stream[4] ?? 0) & 0x10) !== 0
}

/** EXIF, big endian like its UTF-16 comment, since some readers decode the comment by EXIF's byte order and some do not. */
function exifOf(text: string): Buffer {
  const comment = Buffer.concat([Buffer.from('UNICODE\0', 'latin1'), Buffer.from(text, 'utf16le').swap16()])
  const exif = Buffer.alloc(44 + comment.length)
  exif.write('MM\0*', 0, 'latin1')
  exif.writeUInt32BE(8, 4)
  writeOnlyEntry(exif, 8, { tag: EXIF_IFD, type: LONG, count: 1, value: 26 })
  writeOnlyEntry(exif, 26, { tag: USER_COMMENT, type: UNDEFINED, count: comment.length, value: 44 })
  exif.set(comment, 44)
  return exif
}

/** A directory of one entry: count, entry, no next directory. */
function writeOnlyEntry(
  exif: Buffer,
  at: number,
  entry: { tag: number; type: number; count: number; value: number },
): void {
  exif.writeUInt16BE(1, at)
  exif.writeUInt16BE(entry.tag, at + 2)
  exif.writeUInt16BE(entry.type, at + 4)
  exif.writeUInt32BE(entry.count, at + 6)
  exif.writeUInt32BE(entry.value, at + 10)
}

function readUserComment(data: Uint8Array): string | undefined {
  // Some writers keep JPEG's prefix in front of the TIFF header.
  const exif = ascii(data, 0) === 'Exif' ? data.subarray(6) : data
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength)
  const little = ascii(exif, 0).startsWith('II')
  const find = (directory: number, tag: number): { count: number; value: number } | undefined => {
    for (let i = 0; i < view.getUint16(directory, little); i++) {
      const entry = directory + 2 + i * 12
      if (view.getUint16(entry, little) === tag)
        return { count: view.getUint32(entry + 4, little), value: view.getUint32(entry + 8, little) }
    }
    return undefined
  }
  try {
    const directory = find(view.getUint32(4, little), EXIF_IFD)
    const comment = directory && find(directory.value, USER_COMMENT)
    return comment && decodeComment(exif.subarray(comment.value, comment.value + comment.count), little)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function decodeComment(comment: Uint8Array, little: boolean): string {
  const code = Buffer.from(comment.subarray(0, 8)).toString('latin1')
  const text = Buffer.from(comment.subarray(8))
  if (code !== 'UNICODE\0') return text.toString('utf8')
  const even = text.subarray(0, text.length & ~1)
  // Piexif writes big endian in either byte order of EXIF: a text in Latin letters tells by where its zero bytes are.
  const bigEndian = little ? even[0] === 0 : !(even[1] === 0 && even[0] !== 0)
  return (bigEndian ? Buffer.from(even).swap16() : even).toString('utf16le')
}

function ascii(file: Uint8Array, at: number): string {
  return Buffer.from(file.subarray(at, at + 4)).toString('latin1')
}
