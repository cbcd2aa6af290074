import { ImageError } from '../errors.js'
import type { Picture, PictureChannels } from './picture.js'
import { isPng, readPngHeader } from './png.js'
import { loadSharp } from './sharp.js'
import { isWebp } from './webp.js'

/** Pillow warns of a decompression bomb beyond this many pixels (`Image.MAX_IMAGE_PIXELS`). */
export const DEFAULT_MAX_PIXELS = 89_478_485

export interface DecodeOptions {
  /** Where the bytes came from, for messages. @default 'image' */
  origin?: string
  /** Pictures with more pixels are refused before they are decoded. @default {@link DEFAULT_MAX_PIXELS} */
  maxPixels?: number
}

/**
 * Decodes a PNG, JPEG, WebP or GIF as the Horde's loader does: 8 bit, of an animation the first frame, embedded ICC profiles and
 * the EXIF orientation are ignored, a palette's or colour key's transparency is no alpha.
 *
 * @throws ImageError where the file is of another format, damaged, truncated or too large
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions = {}): Promise<Picture> {
  const { origin = 'image', maxPixels = DEFAULT_MAX_PIXELS } = options
  const format = formatOf(bytes)
  if (format === undefined) {
    const got = bytes.length === 0 ? 'nothing' : `${bytes.length} bytes of something else`
    throw new ImageError(`${origin}: expected a PNG, JPEG, WebP or GIF, got ${got}`, {
      hint: 'save the picture as PNG, JPEG or WebP',
    })
  }
  const sharp = await loadSharp()
  const open = () => sharp(bytes, { failOn: 'error', ignoreIcc: true, limitInputPixels: false })
  const { width, height, channels } = await guarded(origin, open().metadata())
  if (width * height > maxPixels) {
    throw new ImageError(`${origin}: the picture has ${width}×${height} pixels, the limit is ${maxPixels}`, {
      hint: 'scale the picture down: sources are resized to the size of the request anyway',
    })
  }
  const { data, info } = await guarded(
    origin,
    open().toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true }),
  )
  const { kept, indexed } = layoutOf(bytes, { format, channels })
  return {
    width: info.width,
    height: info.height,
    channels: kept,
    pixels: pick(data, { from: info.channels, kept }),
    ...(indexed ? { indexed } : {}),
  }
}

type Format = 'png' | 'jpeg' | 'webp' | 'gif'

/** By signature, so that nothing but these four ever reaches a decoder. */
function formatOf(bytes: Uint8Array): Format | undefined {
  if (isPng(bytes)) return 'png'
  if (isWebp(bytes)) return 'webp'
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'jpeg'
  return /^GIF8[79]a/.test(Buffer.from(bytes.subarray(0, 6)).toString('latin1')) ? 'gif' : undefined
}

/** Channels of the picture as Pillow opens the file: those that are stored, not those that a decoder makes of transparency. */
function layoutOf(
  bytes: Uint8Array,
  { format, channels }: { format: Format; channels: number },
): { kept: PictureChannels; indexed: boolean } {
  if (format === 'gif') return { kept: 3, indexed: true }
  if (format === 'jpeg') return { kept: channels === 1 ? 1 : 3, indexed: false }
  if (format === 'webp') return { kept: channels === 4 ? 4 : 3, indexed: false }
  const { colour, depth } = readPngHeader(bytes) ?? { colour: 2, depth: 8 }
  return { kept: PNG_CHANNELS[colour] ?? 3, indexed: colour === 3 || (colour === 0 && depth === 1) }
}

/** By PNG's colour type. */
const PNG_CHANNELS: Readonly<Record<number, PictureChannels>> = { 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 }

/** Of pixels with 3 or 4 channels the `kept` ones: grey is stored three times. */
function pick(data: Uint8Array, { from, kept }: { from: number; kept: PictureChannels }): Uint8Array {
  if (from === kept) return new Uint8Array(data)
  const channels = kept === 1 ? [0] : kept === 2 ? [0, 3] : kept === 3 ? [0, 1, 2] : [0, 1, 2, 3]
  const pixels = new Uint8Array((data.length / from) * kept)
  for (const [to, channel] of channels.entries()) {
    for (let i = channel, j = to; i < data.length; i += from, j += kept) pixels[j] = data[i] as number
  }
  return pixels
}

/** libvips' complaints as one line that names the picture. */
async function guarded<T>(origin: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const [reason = 'unknown'] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new ImageError(`${origin}: the picture is damaged or truncated (${reason})`, {
      hint: 'save the picture again, or send another one',
      cause: error,
    })
  }
}
