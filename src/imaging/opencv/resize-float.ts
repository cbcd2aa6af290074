/** `cv::resize` of one plane of floats. */
import { nearestPositions } from './resize.js'
import { type Taps, tapsOf } from './taps.js'

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
  return {
    width,
    height,
    data: Float32Array.from(separable(plane, { width, height, interpolation: 'linear', round: Math.fround })),
  }
}

/** `INTER_CUBIC` of a float64 plane; the weights are float32 all the same. */
export function resizeCubic(plane: FloatPlane<Float64Array>, { width, height }: Size): FloatPlane<Float64Array> {
  return { width, height, data: separable(plane, { width, height, interpolation: 'cubic', round: x => x }) }
}

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

function separable(
  plane: FloatPlane<Float32Array | Float64Array>,
  options: Size & { interpolation: 'linear' | 'cubic'; round: (x: number) => number },
): Float64Array {
  const { width, height, interpolation, round } = options
  const across = tapsOf(plane.width, width, { interpolation, resetAtBorders: true })
  const down = tapsOf(plane.height, height, { interpolation, resetAtBorders: false })
  const rows = new Float64Array(plane.height * width)
  for (let y = 0; y < plane.height; y++) {
    for (let x = 0; x < width; x++) {
      rows[y * width + x] = weigh(plane.data, { taps: across, at: x, from: y * plane.width, stride: 1, round })
    }
  }
  const data = new Float64Array(height * width)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data[y * width + x] = weigh(rows, { taps: down, at: y, from: x, stride: width, round })
    }
  }
  return data
}

interface Weighing {
  taps: Taps
  /** The output position. */
  at: number
  from: number
  stride: number
  round: (x: number) => number
}

function weigh(data: Float32Array | Float64Array, { taps, at, from, stride, round }: Weighing): number {
  let sum = 0
  for (let k = at * taps.count; k < (at + 1) * taps.count; k++) {
    const value = data[from + (taps.positions[k] as number) * stride] as number
    sum = round(sum + round(value * (taps.weights[k] as number)))
  }
  return sum
}
