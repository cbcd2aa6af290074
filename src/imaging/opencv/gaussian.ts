/** `cv::GaussianBlur` with OpenCV's default border. */
import { rint } from '../numpy/round.js'
import type { Picture } from '../picture.js'
import { reflected101 } from './border.js'
import type { FloatPlane } from './resize-float.js'

/** `cv::getGaussianKernel`: exp(−x²/2σ²), normalised. */
export function gaussianKernel(size: number, sigma: number): Float64Array {
  const middle = (size - 1) / 2
  const kernel = Float64Array.from({ length: size }, (_, i) => Math.exp((-0.5 * (i - middle) ** 2) / sigma ** 2))
  const sum = kernel.reduce((total, w) => total + w, 0)
  return kernel.map(w => w / sum)
}

/**
 * A float32 plane blurred; the kernel reaches 4σ. Sums are fused float32 multiply-adds in the order of OpenCV's vector code
 * (AVX2, NEON), which leaves no value to chance; its scalar code differs by up to 3e-5.
 */
export function gaussianBlurFloat({ width, height, data }: FloatPlane, sigma: number): FloatPlane {
  const size = rint(8 * sigma + 1) | 1
  const kernel = Float32Array.from(gaussianKernel(size, sigma))
  const reach = size >> 1
  const columns = reflected101(width, reach)
  const across = new Float32Array(width * height)
  const padded = new Float32Array(width + 2 * reach)
  const alongRow = size <= 5 ? fewTaps : manyTaps
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width, (y + 1) * width)
    for (let x = 0; x < padded.length; x++) padded[x] = row[columns[x] as number] as number
    alongRow(padded, kernel, across.subarray(y * width, (y + 1) * width))
  }
  const rows = reflected101(height, reach)
  const blurred = new Float32Array(width * height)
  for (let y = 0; y < height; y++) {
    const line = blurred.subarray(y * width, (y + 1) * width)
    const middle = (rows[y + reach] as number) * width
    const centre = kernel[reach] as number
    for (let x = 0; x < width; x++) line[x] = (across[middle + x] as number) * centre
    for (let k = 1; k <= reach; k++) {
      const up = (rows[y + reach - k] as number) * width
      const down = (rows[y + reach + k] as number) * width
      const weight = kernel[reach + k] as number
      for (let x = 0; x < width; x++) {
        const pair = fround((across[down + x] as number) + (across[up + x] as number))
        line[x] = pair * weight + (line[x] as number)
      }
    }
  }
  return { width, height, data: blurred }
}

const { fround } = Math

/** From the first tap to the last. */
function manyTaps(padded: Float32Array, kernel: Float32Array, sums: Float32Array): void {
  for (const [k, weight] of kernel.entries()) {
    for (let x = 0; x < sums.length; x++) sums[x] = (padded[x + k] as number) * weight + (sums[x] as number)
  }
}

/** Up to five taps: the pair next to the middle, the middle, the outer pair. */
function fewTaps(padded: Float32Array, kernel: Float32Array, sums: Float32Array): void {
  const reach = kernel.length >> 1
  const weight = (k: number) => kernel[reach + k] ?? 0
  for (let x = 0; x < sums.length; x++) {
    const at = (k: number) => padded[x + reach + k] ?? 0
    const inner = fround(fround(at(-1) + at(1)) * weight(1))
    const middle = fround(at(0) * weight(0) + inner)
    sums[x] = fround(at(-2) + at(2)) * weight(2) + middle
  }
}

/** An 8-bit picture blurred: weights in 1/256, both passes exact, rounded once. `size` is odd. */
export function gaussianBlurBytes(picture: Picture, { size, sigma }: { size: number; sigma: number }): Picture {
  const { width, height, channels } = picture
  const kernel = fixedKernel(gaussianKernel(size, sigma))
  const columns = reflected101(width, size >> 1)
  const rows = reflected101(height, size >> 1)
  const row = width * channels
  const across = new Int32Array(height * row)
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < row; i++) {
      const x = Math.floor(i / channels)
      const c = i % channels
      let sum = 0
      for (let k = 0; k < size; k++) {
        sum += (picture.pixels[y * row + (columns[x + k] as number) * channels + c] as number) * (kernel[k] as number)
      }
      across[y * row + i] = sum
    }
  }
  const pixels = new Uint8Array(height * row)
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < row; i++) {
      let sum = 1 << 15
      for (let k = 0; k < size; k++)
        sum += (across[(rows[y + k] as number) * row + i] as number) * (kernel[k] as number)
      pixels[y * row + i] = sum >> 16
    }
  }
  return { width, height, channels, pixels }
}

/** In units of 1/256, rounded from the outside inwards with the error carried along; the middle takes what is left. */
function fixedKernel(kernel: Float64Array): Int32Array {
  const fixed = new Int32Array(kernel.length)
  const middle = kernel.length >> 1
  let carried = 0
  let left = 256
  for (let i = 0; i < middle; i++) {
    const wanted = (kernel[i] as number) * 256 + carried
    const weight = rint(wanted)
    carried = wanted - weight
    left -= 2 * weight
    fixed[i] = weight
    fixed[kernel.length - 1 - i] = weight
  }
  fixed[middle] = left
  return fixed
}
