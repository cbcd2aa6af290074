/**
 * Multi-scale SSIM: Wang, Simoncelli & Bovik, Multi-Scale Structural Similarity for Image Quality Assessment, Asilomar 2003.
 * Contrast and structure at every scale, luminance at the coarsest only; scales are halved by the mean of 2×2 pixels. Pictures
 * too small for five scales are judged by as many as fit, their weights brought to a sum of 1.
 */
import type { Picture } from './picture.js'
import { type Planes, type Similarity, type Ssim, similarity, similarityMap, worstBlock } from './ssim.js'

const WEIGHTS = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333] as const

/** Smallest side of a scale: the window of SSIM. */
const SMALLEST = 11

/** SSIM, and its mean over scales, 0 to 1: the finest scale is both's. */
export function multiScaleSsim(a: Picture, b: Picture): Ssim & { multiScale: number } {
  const scales = Math.max(
    1,
    Math.min(WEIGHTS.length, 1 + Math.floor(Math.log2(Math.min(a.width, a.height) / SMALLEST))),
  )
  const weights = WEIGHTS.slice(0, scales)
  let multiScale = 0
  const map = similarityMap(a, b, {
    onChannel(planes, finest) {
      multiScale += channelSimilarity(planes, finest, weights) / a.channels
    },
  })
  return { mean: map.mean, worst: worstBlock(map, a), multiScale }
}

function channelSimilarity(finest: Planes, similar: Similarity, weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let planes = finest
  let product = 1
  for (const [scale, weight] of weights.entries()) {
    if (scale > 0) planes = halved(planes)
    const { structure, luminance } = scale === 0 ? similar : similarity(planes)
    let sum = 0
    for (let i = 0; i < structure.length; i++) {
      sum += (structure[i] as number) * (scale === weights.length - 1 ? (luminance[i] as number) : 1)
    }
    // Opposite structure has no similarity; a negative number has no power.
    product *= Math.max(0, sum / structure.length) ** (weight / total)
  }
  return product
}

function halved({ width, height, x, y }: Planes): Planes {
  const [columns, rows] = [width >> 1, height >> 1]
  const half = (values: Float64Array) => {
    const result = new Float64Array(columns * rows)
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const at = 2 * row * width + 2 * column
        result[row * columns + column] =
          ((values[at] as number) +
            (values[at + 1] as number) +
            (values[at + width] as number) +
            (values[at + width + 1] as number)) /
          4
      }
    }
    return result
  }
  return { width: columns, height: rows, x: half(x), y: half(y) }
}
