/**
 * Structural similarity: Wang, Bovik, Sheikh & Simoncelli, Image Quality Assessment: From Error Visibility to Structural
 * Similarity, IEEE TIP 13(4), 2004. Gaussian window of 11×11 with σ 1.5, K1 0.01, K2 0.03, L 255, only windows that lie
 * inside the picture; each colour channel by itself, then their mean, so that a colour error counts.
 */
import { assertSameShape, type Picture } from './picture.js'

const WINDOW = 11
const SIGMA = 1.5
const C1 = (0.01 * 255) ** 2
const C2 = (0.03 * 255) ** 2

/** Side of the blocks whose worst is reported: a defect of this size must not drown in a good mean. */
export const BLOCK = 64

export interface Ssim {
  /** Mean over the picture, −1 to 1. */
  mean: number
  /** Mean over the worst block, and that block in pixels. */
  worst: { value: number; x: number; y: number; width: number; height: number }
}

export function ssim(a: Picture, b: Picture): Ssim {
  assertSameShape(a, b)
  const { width, height } = a
  const smaller = Math.min(width, height)
  const size = Math.min(WINDOW, smaller - ((smaller + 1) % 2))
  const map = similarityMap(a, b, gaussian(size))
  return { mean: sum(map) / map.length, worst: worstBlock(map, { width, height, border: (size - 1) / 2 }) }
}

/** SSIM of every window, (width − size + 1)×(height − size + 1), mean of the channels. */
function similarityMap(a: Picture, b: Picture, kernel: Float64Array): Float64Array {
  const { width, height, channels } = a
  const map = new Float64Array((width - kernel.length + 1) * (height - kernel.length + 1))
  for (let channel = 0; channel < channels; channel++) {
    const x = plane(a, channel)
    const y = plane(b, channel)
    const blurred = (values: Float64Array) => blur(values, width, height, kernel)
    const meanX = blurred(x)
    const meanY = blurred(y)
    const squareX = blurred(product(x, x))
    const squareY = blurred(product(y, y))
    const cross = blurred(product(x, y))
    for (let i = 0; i < map.length; i++) {
      const mx = meanX[i] as number
      const my = meanY[i] as number
      const varianceX = (squareX[i] as number) - mx * mx
      const varianceY = (squareY[i] as number) - my * my
      const covariance = (cross[i] as number) - mx * my
      const value =
        ((2 * mx * my + C1) * (2 * covariance + C2)) / ((mx * mx + my * my + C1) * (varianceX + varianceY + C2))
      map[i] = (map[i] as number) + value / channels
    }
  }
  return map
}

interface MapFrame {
  width: number
  height: number
  /** Pixels of the picture on each side that are no window's centre. */
  border: number
}

/** Blocks tile the picture; each is judged by the windows whose centres it holds. */
function worstBlock(map: Float64Array, { width, height, border }: MapFrame): Ssim['worst'] {
  const columns = width - 2 * border
  let worst: Ssim['worst'] | undefined
  for (const [y, blockHeight] of blocks(height)) {
    for (const [x, blockWidth] of blocks(width)) {
      let total = 0
      let count = 0
      for (let row = Math.max(y, border); row < Math.min(y + blockHeight, height - border); row++) {
        for (let column = Math.max(x, border); column < Math.min(x + blockWidth, width - border); column++) {
          total += map[(row - border) * columns + column - border] as number
          count++
        }
      }
      const value = total / count
      if (count > 0 && (worst === undefined || value < worst.value)) {
        worst = { value, x, y, width: blockWidth, height: blockHeight }
      }
    }
  }
  return worst ?? { value: sum(map) / map.length, x: 0, y: 0, width, height }
}

/** Start and length of each block along a side; a remainder of less than half a block joins its neighbour. */
function blocks(side: number): [start: number, length: number][] {
  const count = Math.max(1, Math.round(side / BLOCK))
  return Array.from({ length: count }, (_, i) => [i * BLOCK, (i === count - 1 ? side : (i + 1) * BLOCK) - i * BLOCK])
}

function gaussian(size: number): Float64Array {
  const middle = (size - 1) / 2
  const weights = Float64Array.from({ length: size }, (_, i) => Math.exp(-((i - middle) ** 2) / (2 * SIGMA ** 2)))
  const total = sum(weights)
  return weights.map(weight => weight / total)
}

/** Separable convolution, inside only. */
function blur(values: Float64Array, width: number, height: number, kernel: Float64Array): Float64Array {
  const columns = width - kernel.length + 1
  const rows = height - kernel.length + 1
  const across = new Float64Array(columns * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < columns; x++) {
      let total = 0
      for (let k = 0; k < kernel.length; k++) total += (kernel[k] as number) * (values[y * width + x + k] as number)
      across[y * columns + x] = total
    }
  }
  const result = new Float64Array(columns * rows)
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      let total = 0
      for (let k = 0; k < kernel.length; k++) total += (kernel[k] as number) * (across[(y + k) * columns + x] as number)
      result[y * columns + x] = total
    }
  }
  return result
}

function plane({ pixels, channels }: Picture, channel: number): Float64Array {
  const result = new Float64Array(pixels.length / channels)
  for (let i = 0; i < result.length; i++) result[i] = pixels[i * channels + channel] as number
  return result
}

function product(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value * (b[i] as number))
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0)
}
