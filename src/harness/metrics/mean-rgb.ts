import { assertSameShape, type Picture } from './picture.js'

/**
 * Largest difference between the channels' means, in 8-bit levels. Sees what structure metrics are blind to: swapped
 * channels, a brighter or paler picture, a wrong scale of the latent.
 */
export function meanRgbDelta(a: Picture, b: Picture): number {
  assertSameShape(a, b)
  const { channels, pixels } = a
  const sums = new Float64Array(channels)
  for (let i = 0; i < pixels.length; i++) {
    const channel = i % channels
    sums[channel] = (sums[channel] as number) + (pixels[i] as number) - (b.pixels[i] as number)
  }
  return Math.max(...sums.map(sum => Math.abs(sum) / (pixels.length / channels)))
}
