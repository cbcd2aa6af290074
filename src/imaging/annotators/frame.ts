import { rint } from '../numpy/round.js'
import { cvResize, type Interpolation } from '../opencv/resize.js'
import { type Picture, toRgb } from '../picture.js'

/** A picture scaled for an annotator, and the part of it that is no padding. */
export interface Framed {
  picture: Picture
  /** The annotator's map without the padding. */
  cut(map: Picture): Picture
}

/** Smaller resolutions are replaced by {@link DEFAULT_RESOLUTION}, as the nodes do. */
export const LEAST_RESOLUTION = 64
export const DEFAULT_RESOLUTION = 512

/**
 * How most annotators get their picture (`resize_image_with_pad`): the shorter side scaled to the resolution, then the right and
 * lower edge repeated up to multiples of 64. Annotators see the padding; it is cut off their map.
 */
export function frame(
  picture: Picture,
  { resolution, enlarge = 'cubic' }: { resolution: number; enlarge?: Interpolation },
): Framed {
  const scale = resolution / Math.min(picture.width, picture.height)
  const width = rint(picture.width * scale)
  const height = rint(picture.height * scale)
  const scaled = cvResize(picture, { width, height, interpolation: scale > 1 ? enlarge : 'area' })
  return { picture: pad(scaled), cut: map => crop(map, { width, height }) }
}

/** Alpha blended over white, as the annotators' own loader does it (`HWC3`); grey repeated. */
export function overWhite(picture: Picture): Picture {
  const { width, height, channels, pixels } = picture
  if (channels !== 2 && channels !== 4) return toRgb(picture)
  const { fround } = Math
  const rgb = toRgb(picture)
  for (let i = 0, a = channels - 1; i < rgb.pixels.length; i += 3, a += channels) {
    const alpha = fround((pixels[a] as number) / 255)
    const white = fround(255 * fround(1 - alpha))
    for (let c = i; c < i + 3; c++)
      rgb.pixels[c] = Math.min(255, fround(fround((rgb.pixels[c] as number) * alpha) + white))
  }
  return { width, height, channels: 3, pixels: rgb.pixels }
}

function pad(picture: Picture): Picture {
  const { channels, pixels } = picture
  const width = Math.ceil(picture.width / 64) * 64
  const height = Math.ceil(picture.height / 64) * 64
  if (width === picture.width && height === picture.height) return picture
  const padded = new Uint8Array(width * height * channels)
  for (let y = 0; y < height; y++) {
    const from = Math.min(y, picture.height - 1) * picture.width * channels
    const to = y * width * channels
    padded.set(pixels.subarray(from, from + picture.width * channels), to)
    const last = pixels.subarray(from + (picture.width - 1) * channels, from + picture.width * channels)
    for (let x = picture.width; x < width; x++) padded.set(last, to + x * channels)
  }
  return { width, height, channels, pixels: padded }
}

/** The upper left part of a picture. */
function crop(picture: Picture, { width, height }: { width: number; height: number }): Picture {
  const { channels, pixels } = picture
  if (width === picture.width && height === picture.height) return picture
  const cut = new Uint8Array(width * height * channels)
  for (let y = 0; y < height; y++) {
    const from = y * picture.width * channels
    cut.set(pixels.subarray(from, from + width * channels), y * width * channels)
  }
  return { width, height, channels, pixels: cut }
}
