/** SSIM at every pixel, for the heat map: the gates' own (`harness/metrics/ssim.ts`). The gates decide; this shows where. */
import { similarityMap as mapOf, type Pixels, type SimilarityMap } from '../../../harness/metrics/ssim.js'

export type { SimilarityMap } from '../../../harness/metrics/ssim.js'

/** Pictures of one size; alpha does not count. */
export function similarityMap(a: Pixels, b: Pixels): SimilarityMap {
  return mapOf(a, b, { channels: Math.min(3, a.channels) })
}

const BLOCK = 64

/** The block of 64×64 pixels, anywhere on a grid of 8, in which the pictures are least alike. */
export function leastAlike({ width, height, border, values }: SimilarityMap): { x: number; y: number; size: number } {
  const columns = width + 1
  const sums = new Float64Array(columns * (height + 1))
  for (let y = 0; y < height; y++) {
    let row = 0
    for (let x = 0; x < width; x++) {
      row += values[y * width + x] as number
      sums[(y + 1) * columns + x + 1] = (sums[y * columns + x + 1] as number) + row
    }
  }
  const size = Math.min(BLOCK, width, height)
  const at = (x: number, y: number) => sums[y * columns + x] as number
  let worst = { x: 0, y: 0, sum: Number.POSITIVE_INFINITY }
  for (let y = 0; y + size <= height; y += 8) {
    for (let x = 0; x + size <= width; x += 8) {
      const sum = at(x + size, y + size) - at(x, y + size) - at(x + size, y) + at(x, y)
      if (sum < worst.sum) worst = { x, y, sum }
    }
  }
  return { x: worst.x + border, y: worst.y + border, size }
}
