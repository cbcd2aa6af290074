/**
 * SSIM at every pixel, for the heat map: Wang et al. 2004 as the gates compute it (`harness/metrics/ssim.ts`), in floats of
 * half the size and by sums that a browser does fast. The gates decide; this shows where.
 */

/** Interleaved 8-bit pixels. */
export interface Pixels {
  width: number
  height: number
  channels: number
  pixels: Uint8Array | Uint8ClampedArray
}

export interface SimilarityMap {
  /** Of the map; smaller than the picture by the window, as only whole windows count. */
  width: number
  height: number
  /** Pixels between the picture's edge and the map's. */
  border: number
  /** Mean of red, green and blue, −1 to 1. */
  values: Float32Array
  mean: number
}

const WINDOW = 11
const SIGMA = 1.5
const C1 = (0.01 * 255) ** 2
const C2 = (0.03 * 255) ** 2

/** Pictures of one size; alpha does not count. */
export function similarityMap(a: Pixels, b: Pixels): SimilarityMap {
  const smaller = Math.min(a.width, a.height)
  const size = Math.min(WINDOW, smaller - ((smaller + 1) % 2))
  const width = a.width - size + 1
  const height = a.height - size + 1
  const values = new Float32Array(width * height)
  const kernel = gaussian(size)
  const colours = Math.min(3, a.channels)
  for (let channel = 0; channel < colours; channel++) {
    const x = plane(a, channel)
    const y = plane(b, channel)
    const blurred = (plane: Float64Array) => blur(plane, a.width, a.height, kernel)
    const mx = blurred(x)
    const my = blurred(y)
    const xx = blurred(times(x, x))
    const yy = blurred(times(y, y))
    const xy = blurred(times(x, y))
    for (let i = 0; i < values.length; i++) {
      const u = mx[i] as number
      const v = my[i] as number
      const spread = (xx[i] as number) + (yy[i] as number) - u * u - v * v
      const common = (xy[i] as number) - u * v
      const similarity = ((2 * u * v + C1) * (2 * common + C2)) / ((u * u + v * v + C1) * (spread + C2))
      values[i] = (values[i] as number) + similarity / colours
    }
  }
  return { width, height, border: (size - 1) / 2, values, mean: values.reduce((sum, v) => sum + v, 0) / values.length }
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

function gaussian(size: number): Float64Array {
  const weights = Float64Array.from({ length: size }, (_, i) =>
    Math.exp(-((i - (size - 1) / 2) ** 2) / (2 * SIGMA ** 2)),
  )
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map(weight => weight / total)
}

function plane({ pixels, channels }: Pixels, channel: number): Float64Array {
  const result = new Float64Array(pixels.length / channels)
  for (let i = 0; i < result.length; i++) result[i] = pixels[i * channels + channel] as number
  return result
}

function times(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value * (b[i] as number))
}

/** Convolution along rows, then along columns, whole windows only. */
function blur(values: Float64Array, width: number, height: number, kernel: Float64Array): Float64Array {
  const columns = width - kernel.length + 1
  const rows = height - kernel.length + 1
  const across = new Float64Array(columns * height)
  const result = new Float64Array(columns * rows)
  for (const [k, weight] of kernel.entries()) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < columns; x++) {
        across[y * columns + x] = (across[y * columns + x] as number) + weight * (values[y * width + x + k] as number)
      }
    }
  }
  for (const [k, weight] of kernel.entries()) {
    for (let i = 0; i < result.length; i++) {
      result[i] = (result[i] as number) + weight * (across[i + k * columns] as number)
    }
  }
  return result
}
