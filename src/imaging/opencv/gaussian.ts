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

/** A float32 plane blurred; the kernel reaches 4σ. Sums are kept in double, within 1e-4 of any of OpenCV's code paths. */
export function gaussianBlurFloat({ width, height, data }: FloatPlane, sigma: number): FloatPlane {
  const size = rint(8 * sigma + 1) | 1
  const kernel = Float64Array.from(Float32Array.from(gaussianKernel(size, sigma)))
  const columns = reflected101(width, size >> 1)
  const rows = reflected101(height, size >> 1)
  const across = new Float64Array(width * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0
      for (let k = 0; k < size; k++)
        sum += (data[y * width + (columns[x + k] as number)] as number) * (kernel[k] as number)
      across[y * width + x] = sum
    }
  }
  const blurred = new Float32Array(width * height)
  const line = new Float64Array(width)
  for (let y = 0; y < height; y++) {
    line.fill(0)
    for (let k = 0; k < size; k++) {
      const from = (rows[y + k] as number) * width
      const weight = kernel[k] as number
      for (let x = 0; x < width; x++) line[x] = (line[x] as number) + (across[from + x] as number) * weight
    }
    blurred.set(line, y * width)
  }
  return { width, height, data: blurred }
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
