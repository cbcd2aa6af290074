/**
 * Multi-scale SSIM: Wang, Simoncelli & Bovik, Multi-Scale Structural Similarity for Image Quality Assessment, Asilomar 2003.
 * Contrast and structure at every scale, luminance at the coarsest only; scales are halved by the mean of 2×2 pixels. Pictures
 * too small for five scales are judged by as many as fit, their weights brought to a sum of 1.
 */
import { assertSameShape, type Picture } from './picture.js'
import { channelPlane, type Planes, similarity } from './ssim.js'

const WEIGHTS = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333] as const

/** Smallest side of a scale: the window of SSIM. */
const SMALLEST = 11

/** Mean over the channels, 0 to 1. */
export function msSsim(a: Picture, b: Picture): number {
  assertSameShape(a, b)
  const scales = Math.max(
    1,
    Math.min(WEIGHTS.length, 1 + Math.floor(Math.log2(Math.min(a.width, a.height) / SMALLEST))),
  )
  const weights = WEIGHTS.slice(0, scales)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let result = 0
  for (let channel = 0; channel < a.channels; channel++) {
    let planes: Planes = { width: a.width, height: a.height, x: channelPlane(a, channel), y: channelPlane(b, channel) }
    let product = 1
    for (const [scale, weight] of weights.entries()) {
      if (scale > 0) planes = halved(planes)
      const { structure, luminance } = similarity(planes)
      let sum = 0
      for (let i = 0; i < structure.length; i++) {
        sum += (structure[i] as number) * (scale === scales - 1 ? (luminance[i] as number) : 1)
      }
      // Opposite structure has no similarity; a negative number has no power.
      product *= Math.max(0, sum / structure.length) ** (weight / total)
    }
    result += product / a.channels
  }
  return result
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
