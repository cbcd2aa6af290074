/** Which source pixels make a pixel of `cv::resize`, and with what weights, for the interpolations of fixed reach. */
import { rint } from '../numpy/round.js'

/** `count` taps for every output position, one after the other; positions beyond the border are moved onto it. */
export interface Taps {
  count: number
  positions: Int32Array
  /** Float32 values; the 8-bit paths round them to 1/2048 first. */
  weights: Float32Array
}

export type TapInterpolation = 'linear' | 'cubic' | 'lanczos4' | 'area-enlarging'

const { fround } = Math

/** OpenCV computes the scale as the inverse of an inverse: it decides ties. */
export function scaleOf(source: number, target: number): number {
  return 1 / (target / source)
}

/**
 * Taps along one axis. `resetAtBorders`: the linear ones give all weight to the border pixel beyond the outermost centres, as
 * OpenCV does along x, but not along y, where it makes no difference except in the rounding of weights.
 */
export function tapsOf(
  source: number,
  target: number,
  { interpolation, resetAtBorders }: { interpolation: TapInterpolation; resetAtBorders: boolean },
): Taps {
  const kernel = KERNELS[interpolation]
  const scale = scaleOf(source, target)
  const count = kernel.count
  const positions = new Int32Array(target * count)
  const weights = new Float32Array(target * count)
  for (let d = 0; d < target; d++) {
    let { at, share } = interpolation === 'area-enlarging' ? cell(d, source, target) : centre(d, scale)
    if (count === 2 && resetAtBorders) {
      if (at < 0) [at, share] = [0, 0]
      if (at >= source - 1) [at, share] = [source - 1, 0]
    }
    weights.set(kernel.weights(share), d * count)
    for (let k = 0; k < count; k++) {
      positions[d * count + k] = Math.max(0, Math.min(source - 1, at - count / 2 + 1 + k))
    }
  }
  return { count, positions, weights }
}

/** The weights in units of 1/2048. */
export function fixedPoint(weights: Float32Array): Int32Array {
  return Int32Array.from(weights, w => rint(fround(w * 2048)))
}

interface Position {
  /** The source pixel at or before the position. */
  at: number
  /** How far beyond it, 0 to 1. */
  share: number
}

function centre(d: number, scale: number): Position {
  const position = fround((d + 0.5) * scale - 0.5)
  const at = Math.floor(position)
  return { at, share: fround(position - at) }
}

/** Where `INTER_AREA` enlarges, a pixel is blended only if it lies across the edge of two source pixels. */
function cell(d: number, source: number, target: number): Position {
  const at = Math.floor(d * scaleOf(source, target))
  const share = fround(d + 1 - (at + 1) * (target / source))
  return { at, share: share <= 0 ? 0 : fround(share - Math.floor(share)) }
}

const linear = { count: 2, weights: (x: number): readonly number[] => [1 - x, x] }

const KERNELS: Readonly<Record<TapInterpolation, { count: number; weights: (share: number) => readonly number[] }>> = {
  linear,
  'area-enlarging': linear,
  cubic: { count: 4, weights: cubic },
  lanczos4: { count: 8, weights: lanczos4 },
}

/** Keys' cubic convolution with a = −0.75, in float32. */
function cubic(x: number): number[] {
  const times = (a: number, b: number) => fround(a * b)
  const plus = (a: number, b: number) => fround(a + b)
  const outer = (d: number) => plus(times(plus(times(plus(times(-0.75, d), 3.75), d), -6), d), 3)
  const inner = (d: number) => plus(times(times(plus(times(1.25, d), -2.25), d), d), 1)
  const [first, second, third] = [outer(fround(x + 1)), inner(x), inner(fround(1 - x))]
  return [first, second, third, fround(fround(fround(1 - first) - second) - third)]
}

/** Lanczos with four lobes; the sine of all eight taps follows from one by turning it by 45° each. */
function lanczos4(x: number): number[] {
  const s = Math.SQRT1_2
  const turns = [1, 0, -s, -s, 0, 1, s, -s, -1, 0, s, s, 0, -1, -s, s]
  const angle = -fround(x + 3) * Math.PI * 0.25
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)]
  let sum = 0
  const weights = Array.from({ length: 8 }, (_, i) => {
    const distance = fround(fround(x + 3) - i)
    const y = -distance * Math.PI * 0.25
    const turned = (turns[2 * i] ?? 0) * sine + (turns[2 * i + 1] ?? 0) * cosine
    const weight = Math.abs(distance) >= fround(1e-6) ? fround(turned / (y * y)) : fround(1e30)
    sum = fround(sum + weight)
    return weight
  })
  return weights.map(weight => fround(weight * fround(1 / sum)))
}
