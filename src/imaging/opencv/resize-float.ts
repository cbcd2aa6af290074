/** `cv::resize` of one plane of floats. */
import { nearestPositions } from './resize.js'
import { tapsOf } from './taps.js'

/** One plane; float64 where the original computes in doubles. */
export interface FloatPlane<T extends Float32Array | Float64Array = Float32Array> {
  width: number
  height: number
  data: T
}

interface Size {
  width: number
  height: number
}

/** `INTER_LINEAR` of a float32 plane that does not shrink to exactly a half. */
export function resizeLinear(plane: FloatPlane, { width, height }: Size): FloatPlane {
  if (plane.width === width && plane.height === height) return plane
  const across = tapsOf(plane.width, width, { interpolation: 'linear', resetAtBorders: true })
  const down = tapsOf(plane.height, height, { interpolation: 'linear', resetAtBorders: false })
  const rows = new Float32Array(plane.height * width)
  for (let y = 0, to = 0; y < plane.height; y++) {
    const from = y * plane.width
    for (let k = 0; k < 2 * width; k += 2) {
      const left = fround(
        (plane.data[from + (across.positions[k] as number)] as number) * (across.weights[k] as number),
      )
      const right = plane.data[from + (across.positions[k + 1] as number)] as number
      rows[to++] = left + fround(right * (across.weights[k + 1] as number))
    }
  }
  const data = new Float32Array(height * width)
  for (let y = 0, to = 0; y < height; y++) {
    const upper = (down.positions[2 * y] as number) * width
    const lower = (down.positions[2 * y + 1] as number) * width
    const [weight, rest] = [down.weights[2 * y] as number, down.weights[2 * y + 1] as number]
    for (let x = 0; x < width; x++) {
      data[to++] = fround((rows[upper + x] as number) * weight) + fround((rows[lower + x] as number) * rest)
    }
  }
  return { width, height, data }
}

/** `INTER_CUBIC` of a float64 plane; the weights are float32 all the same. */
export function resizeCubic(plane: FloatPlane<Float64Array>, { width, height }: Size): FloatPlane<Float64Array> {
  const across = tapsOf(plane.width, width, { interpolation: 'cubic', resetAtBorders: true })
  const down = tapsOf(plane.height, height, { interpolation: 'cubic', resetAtBorders: false })
  const rows = new Float64Array(plane.height * width)
  for (let y = 0; y < plane.height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0
      for (let k = 4 * x; k < 4 * x + 4; k++) {
        const value = plane.data[y * plane.width + (across.positions[k] as number)] as number
        sum += value * (across.weights[k] as number)
      }
      rows[y * width + x] = sum
    }
  }
  const data = new Float64Array(height * width)
  for (let y = 0; y < height; y++) {
    for (let k = 4 * y; k < 4 * y + 4; k++) {
      const from = (down.positions[k] as number) * width
      const weight = down.weights[k] as number
      for (let i = y * width, x = 0; x < width; i++, x++) {
        data[i] = (data[i] as number) + (rows[from + x] as number) * weight
      }
    }
  }
  return { width, height, data }
}

const { fround } = Math

/** `INTER_NEAREST` of a float32 plane. */
export function resizeNearest(plane: FloatPlane, { width, height }: Size): FloatPlane {
  if (plane.width === width && plane.height === height) return plane
  const data = new Float32Array(width * height)
  const columns = nearestPositions(plane.width, width)
  let to = 0
  for (const y of nearestPositions(plane.height, height)) {
    for (const x of columns) data[to++] = plane.data[y * plane.width + x] as number
  }
  return { width, height, data }
}
