import { reflected101 } from './border.js'
import type { FloatPlane } from './resize-float.js'

/** `cv::blur` of a float32 plane with a square of `size` (odd) pixels; running sums in double, as OpenCV keeps them. */
export function boxBlur({ width, height, data }: FloatPlane, size: number): FloatPlane {
  const reach = size >> 1
  const columns = reflected101(width, reach)
  const across = new Float64Array(width * height)
  for (let y = 0; y < height; y++) {
    let sum = 0
    for (let x = 0; x < size; x++) sum += data[y * width + (columns[x] as number)] as number
    across[y * width] = sum
    for (let x = 1; x < width; x++) {
      sum +=
        (data[y * width + (columns[x + size - 1] as number)] as number) -
        (data[y * width + (columns[x - 1] as number)] as number)
      across[y * width + x] = sum
    }
  }
  const rows = reflected101(height, reach)
  const share = 1 / (size * size)
  const blurred = new Float32Array(width * height)
  const sums = new Float64Array(width)
  const add = (row: number, sign: number) => {
    for (let x = 0; x < width; x++) sums[x] = (sums[x] as number) + sign * (across[row * width + x] as number)
  }
  for (let k = 0; k < size - 1; k++) add(rows[k] as number, 1)
  for (let y = 0; y < height; y++) {
    add(rows[y + size - 1] as number, 1)
    for (let x = 0; x < width; x++) blurred[y * width + x] = (sums[x] as number) * share
    add(rows[y] as number, -1)
  }
  return { width, height, data: blurred }
}
