/**
 * Structural similarity: Wang, Bovik, Sheikh & Simoncelli, Image Quality Assessment: From Error Visibility to Structural
 * Similarity, IEEE TIP 13(4), 2004. Gaussian window of 11×11 with σ 1.5, K1 0.01, K2 0.03, L 255, only windows that lie
 * inside the picture; each colour channel by itself, then their mean, so that a colour error counts.
 *
 * The gates judge by it and the report's page draws it: nothing here needs more than typed arrays.
 */
import { gaussianBlur, gaussianKernel } from './gaussian.js'
import { assertSameShape, type Picture, type Shape } from './picture.js'

const WINDOW = 11
const C1 = (0.01 * 255) ** 2
const C2 = (0.03 * 255) ** 2

/** Side of the blocks whose worst is reported: a defect of this size must not drown in a good mean. */
export const BLOCK = 64

/** SSIM at every pixel that is the centre of a whole window. */
export interface SimilarityMap {
  /** Of the map; smaller than the picture by the window. */
  width: number
  height: number
  /** Pixels between the picture's edge and the map's. */
  border: number
  /** Mean of the channels, −1 to 1. */
  values: Float64Array
  mean: number
}

/** A picture, or the pixels of a canvas. */
export interface Pixels extends Shape {
  pixels: Uint8Array | Uint8ClampedArray
}

export interface Ssim {
  /** Mean over the picture, −1 to 1. */
  mean: number
  /** Mean over the worst block, and that block in pixels. */
  worst: { value: number; x: number; y: number; width: number; height: number }
}

export function ssim(a: Picture, b: Picture): Ssim {
  const map = similarityMap(a, b)
  return { mean: map.mean, worst: worstBlock(map, a) }
}

interface MapOptions {
  /** How many of the channels count. @default all */
  channels?: number
  /** Given the planes of each channel and what was made of them, for metrics that go on from there. */
  onChannel?(planes: Planes, similarity: Similarity): void
}

export function similarityMap(
  a: Pixels,
  b: Pixels,
  { channels = a.channels, onChannel = () => {} }: MapOptions = {},
): SimilarityMap {
  assertSameShape(a, b)
  const size = windowOf(a)
  const width = a.width - size + 1
  const height = a.height - size + 1
  const values = new Float64Array(width * height)
  let sum = 0
  for (let channel = 0; channel < channels; channel++) {
    const planes = { width: a.width, height: a.height, x: channelPlane(a, channel), y: channelPlane(b, channel) }
    const similar = similarity(planes)
    const { structure, luminance } = similar
    onChannel(planes, similar)
    for (let i = 0; i < values.length; i++) {
      const value = ((structure[i] as number) * (luminance[i] as number)) / channels
      values[i] = (values[i] as number) + value
      sum += value
    }
  }
  return { width, height, border: (size - 1) / 2, values, mean: sum / values.length }
}

export interface Planes {
  width: number
  height: number
  x: Float64Array
  y: Float64Array
}

/** The two factors of SSIM in every window: contrast and structure, and luminance. */
export interface Similarity {
  structure: Float64Array
  luminance: Float64Array
}

export function similarity({ width, height, x, y }: Planes): Similarity {
  const kernel = gaussianKernel(windowOf({ width, height }))
  const blurred = (values: Float64Array) => gaussianBlur(values, { width, height, kernel })
  const squares = new Float64Array(x.length)
  const products = new Float64Array(x.length)
  for (let i = 0; i < x.length; i++) {
    const u = x[i] as number
    const v = y[i] as number
    squares[i] = u * u + v * v
    products[i] = u * v
  }
  const meanX = blurred(x)
  const meanY = blurred(y)
  const square = blurred(squares)
  const product = blurred(products)
  for (let i = 0; i < meanX.length; i++) {
    const mx = meanX[i] as number
    const my = meanY[i] as number
    const energy = mx * mx + my * my
    const both = mx * my
    square[i] = (2 * ((product[i] as number) - both) + C2) / ((square[i] as number) - energy + C2)
    product[i] = (2 * both + C1) / (energy + C1)
  }
  return { structure: square, luminance: product }
}

/** The largest odd window up to 11 that fits. */
function windowOf({ width, height }: { width: number; height: number }): number {
  const smaller = Math.min(width, height)
  return Math.min(WINDOW, smaller - ((smaller + 1) % 2))
}

/** Blocks tile the picture; each is judged by the windows whose centres it holds. */
export function worstBlock(
  { values, border, width: columns, mean }: SimilarityMap,
  { width, height }: { width: number; height: number },
): Ssim['worst'] {
  let worst: Ssim['worst'] | undefined
  for (const [y, blockHeight] of blocks(height)) {
    for (const [x, blockWidth] of blocks(width)) {
      let total = 0
      let count = 0
      for (let row = Math.max(y, border); row < Math.min(y + blockHeight, height - border); row++) {
        for (let column = Math.max(x, border); column < Math.min(x + blockWidth, width - border); column++) {
          total += values[(row - border) * columns + column - border] as number
          count++
        }
      }
      const value = total / count
      if (count > 0 && (worst === undefined || value < worst.value)) {
        worst = { value, x, y, width: blockWidth, height: blockHeight }
      }
    }
  }
  return worst ?? { value: mean, x: 0, y: 0, width, height }
}

/** Start and length of each block along a side; a remainder of less than half a block joins its neighbour. */
function blocks(side: number): [start: number, length: number][] {
  const count = Math.max(1, Math.round(side / BLOCK))
  return Array.from({ length: count }, (_, i) => [i * BLOCK, (i === count - 1 ? side : (i + 1) * BLOCK) - i * BLOCK])
}

/** One channel of a picture, as numbers. */
export function channelPlane({ pixels, channels }: Pixels, channel: number): Float64Array {
  const result = new Float64Array(pixels.length / channels)
  for (let i = 0, at = channel; i < result.length; i++, at += channels) result[i] = pixels[at] as number
  return result
}
