import type { Picture } from './picture.js'

const known = new WeakMap<Picture, Float64Array>()

/**
 * Luma of ITU-R BT.601 (0.299 R + 0.587 G + 0.114 B), 0 to 255; a picture of one channel is its own luma. Many metrics ask for
 * it, so it is computed once a picture.
 */
export function luma(picture: Picture): Float64Array {
  const before = known.get(picture)
  if (before !== undefined) return before
  const { pixels, channels } = picture
  const result = new Float64Array(pixels.length / channels)
  for (let i = 0, at = 0; i < result.length; i++, at += channels) {
    const first = pixels[at] as number
    result[i] =
      channels < 3 ? first : 0.299 * first + 0.587 * (pixels[at + 1] as number) + 0.114 * (pixels[at + 2] as number)
  }
  known.set(picture, result)
  return result
}

export function mean(values: Float64Array): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] as number
  return sum / values.length
}

/** Population standard deviation. */
export function deviation(values: Float64Array): number {
  const centre = mean(values)
  let squares = 0
  for (let i = 0; i < values.length; i++) squares += ((values[i] as number) - centre) ** 2
  return Math.sqrt(squares / values.length)
}
