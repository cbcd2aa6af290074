/** Gaussian filtering of whole windows: what SSIM sees a picture through. */

const SIGMA = 1.5

/** Weights of an odd window, σ 1.5, that add up to 1. */
export function gaussianKernel(size: number): Float64Array {
  const middle = (size - 1) / 2
  const weights = Float64Array.from({ length: size }, (_, i) => Math.exp(-((i - middle) ** 2) / (2 * SIGMA ** 2)))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map(weight => weight / total)
}

interface Frame {
  width: number
  height: number
  /** Odd and symmetric. */
  kernel: Float64Array
}

/** Along rows, then along columns; the result is smaller by the window. The two values of equal weight are added first. */
export function gaussianBlur(values: Float64Array, { width, height, kernel }: Frame): Float64Array {
  const half = (kernel.length - 1) / 2
  const columns = width - 2 * half
  const rows = height - 2 * half
  const centre = kernel[half] as number
  const across = new Float64Array(columns * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < columns; x++) {
      const at = y * width + x + half
      let total = centre * (values[at] as number)
      for (let k = 1; k <= half; k++) {
        total += (kernel[half - k] as number) * ((values[at - k] as number) + (values[at + k] as number))
      }
      across[y * columns + x] = total
    }
  }
  const result = new Float64Array(columns * rows)
  for (let y = 0; y < rows; y++) {
    const row = (y + half) * columns
    const to = y * columns
    for (let x = 0; x < columns; x++) result[to + x] = centre * (across[row + x] as number)
    for (let k = 1; k <= half; k++) {
      const weight = kernel[half - k] as number
      const above = row - k * columns
      const below = row + k * columns
      for (let x = 0; x < columns; x++) {
        result[to + x] =
          (result[to + x] as number) + weight * ((across[above + x] as number) + (across[below + x] as number))
      }
    }
  }
  return result
}
