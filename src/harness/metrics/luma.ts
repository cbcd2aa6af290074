import type { Picture } from './picture.js'

/** Luma of ITU-R BT.601 (0.299 R + 0.587 G + 0.114 B), 0 to 255; a picture of one channel is its own luma. */
export function luma({ pixels, channels }: Picture): Float64Array {
  const result = new Float64Array(pixels.length / channels)
  for (let i = 0, at = 0; i < result.length; i++, at += channels) {
    const first = pixels[at] as number
    result[i] =
      channels < 3 ? first : 0.299 * first + 0.587 * (pixels[at + 1] as number) + 0.114 * (pixels[at + 2] as number)
  }
  return result
}

export function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Population standard deviation. */
export function deviation(values: Float64Array): number {
  const centre = mean(values)
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / values.length)
}
