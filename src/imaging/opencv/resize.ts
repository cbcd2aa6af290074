/** `cv::resize` of 8-bit pictures, without Intel's IPP: what a plain OpenCV gives on any machine. */
import { ImageError } from '../../errors.js'
import { rint, saturate } from '../numpy/round.js'
import type { Picture } from '../picture.js'
import { resizeArea } from './resize-area.js'
import { fixedPoint, scaleOf, type TapInterpolation, type Taps, tapsOf } from './taps.js'

export type Interpolation = 'nearest' | 'linear' | 'cubic' | 'lanczos4' | 'area'

export interface CvResize {
  width: number
  height: number
  interpolation: Interpolation
}

/** The picture at another size; the same picture where it has the size already. */
export function cvResize(picture: Picture, { width, height, interpolation }: CvResize): Picture {
  if (!(width > 0 && height > 0)) throw new ImageError(`a picture cannot be resized to ${width}×${height} pixels`)
  if (picture.width === width && picture.height === height) return picture
  if (interpolation === 'nearest') return nearest(picture, { width, height })
  const halved = picture.width === 2 * width && picture.height === 2 * height
  const shrinks = scaleOf(picture.width, width) >= 1 && scaleOf(picture.height, height) >= 1
  if ((interpolation === 'area' && shrinks) || (interpolation === 'linear' && halved)) {
    return resizeArea(picture, { width, height })
  }
  return separable(picture, {
    width,
    height,
    interpolation: interpolation === 'area' ? 'area-enlarging' : interpolation,
  })
}

function nearest(picture: Picture, { width, height }: { width: number; height: number }): Picture {
  const { channels } = picture
  const columns = nearestPositions(picture.width, width)
  const pixels = new Uint8Array(width * height * channels)
  let to = 0
  for (const y of nearestPositions(picture.height, height)) {
    for (const x of columns) {
      const from = (y * picture.width + x) * channels
      for (let c = 0; c < channels; c++) pixels[to++] = picture.pixels[from + c] as number
    }
  }
  return { width, height, channels, pixels }
}

/** The source pixel at or before each output pixel's corner. */
export function nearestPositions(source: number, target: number): Int32Array {
  const scale = scaleOf(source, target)
  return Int32Array.from({ length: target }, (_, d) => Math.min(source - 1, Math.floor(d * scale)))
}

function separable(
  picture: Picture,
  { width, height, interpolation }: { width: number; height: number; interpolation: TapInterpolation },
): Picture {
  const { channels } = picture
  const across = tapsOf(picture.width, width, { interpolation, resetAtBorders: true })
  const down = tapsOf(picture.height, height, { interpolation, resetAtBorders: false })
  const rows = horizontal(picture, across)
  const row = width * channels
  const pixels = new Uint8Array(height * row)
  const combine = { linear, 'area-enlarging': linear, cubic, lanczos4 }[interpolation]
  const weights = fixedPoint(down.weights)
  for (let y = 0; y < height; y++) {
    const at = down.positions.subarray(y * down.count, (y + 1) * down.count)
    const w = weights.subarray(y * down.count, (y + 1) * down.count)
    combine(rows, {
      starts: at.map(position => position * row),
      weights: w,
      target: pixels.subarray(y * row, (y + 1) * row),
    })
  }
  return { width, height, channels, pixels }
}

/** Every source row at the new width, in units of 1/2048. */
function horizontal({ width, height, channels, pixels }: Picture, { count, positions, weights }: Taps): Int32Array {
  const target = positions.length / count
  const fixed = fixedPoint(weights)
  const rows = new Int32Array(height * target * channels)
  for (let d = 0; d < target; d++) {
    for (let y = 0; y < height; y++) {
      const to = (y * target + d) * channels
      for (let c = 0; c < channels; c++) {
        let sum = 0
        for (let k = d * count; k < (d + 1) * count; k++) {
          sum += (pixels[(y * width + (positions[k] as number)) * channels + c] as number) * (fixed[k] as number)
        }
        rows[to + c] = sum
      }
    }
  }
  return rows
}

interface Column {
  /** Where the rows of the taps begin. */
  starts: Int32Array
  weights: Int32Array
  target: Uint8Array
}

/** The vector form of OpenCV's linear filter drops bits on the way. */
function linear(rows: Int32Array, { starts: [a = 0, b = 0], weights: [v = 0, w = 0], target }: Column): void {
  for (let i = 0; i < target.length; i++) {
    const upper = (v * ((rows[a + i] as number) >> 4)) >> 16
    const lower = (w * ((rows[b + i] as number) >> 4)) >> 16
    target[i] = saturate((upper + lower + 2) >> 2)
  }
}

/** The vector code takes eight values at a time, in float32 from the last tap to the first; what is left is summed exactly. */
function cubic(rows: Int32Array, { starts, weights, target }: Column): void {
  const { fround } = Math
  const [a = 0, b = 0, c = 0, d = 0] = starts
  const [p = 0, q = 0, r = 0, s = 0] = Array.from(weights, w => fround(w * 2 ** -22))
  const whole = target.length & ~7
  for (let i = 0; i < whole; i++) {
    let sum = fround((rows[d + i] as number) * s)
    sum = fround(fround((rows[c + i] as number) * r) + sum)
    sum = fround(fround((rows[b + i] as number) * q) + sum)
    sum = fround(fround((rows[a + i] as number) * p) + sum)
    target[i] = saturate(rint(sum))
  }
  for (let i = whole; i < target.length; i++) target[i] = weighExactly(rows, { starts, weights, i })
}

function lanczos4(rows: Int32Array, { starts, weights, target }: Column): void {
  for (let i = 0; i < target.length; i++) target[i] = weighExactly(rows, { starts, weights, i })
}

function weighExactly(rows: Int32Array, { starts, weights, i }: Omit<Column, 'target'> & { i: number }): number {
  let sum = 1 << 21
  for (let k = 0; k < weights.length; k++) sum += (rows[(starts[k] as number) + i] as number) * (weights[k] as number)
  return saturate(sum >> 22)
}
