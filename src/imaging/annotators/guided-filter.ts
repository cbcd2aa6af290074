import { wrapToByte } from '../numpy/round.js'
import { boxBlur } from '../opencv/box-blur.js'
import { type FloatPlane, resizeLinear, resizeNearest } from '../opencv/resize-float.js'
import { channelOf, type Picture } from '../picture.js'

export interface GuidedFilterOptions {
  /** Radius of the windows in pixels of the picture. */
  radius: number
  /** Regularisation, of values 0 to 1. */
  eps: number
  /** Windows are computed on the picture made smaller by this. */
  scale: number
}

/**
 * The fast guided filter (He & Sun 2015, arXiv:1505.00996) of a picture by its own colours, in float32. As in the original, values
 * beyond 0 and 1 wrap around when they become bytes.
 */
export function guidedFilter(picture: Picture, { radius, eps, scale }: GuidedFilterOptions): Picture {
  const { width, height, channels } = picture
  // Blue first: the original works on BGR, which decides the order of the sums.
  const guide = [2, 1, 0].map(c => unitPlane(channelOf(picture, c)))
  const small = { width: Math.trunc(width / scale), height: Math.trunc(height / scale) }
  const smallGuide = guide.map(plane => resizeNearest(plane, small))
  const size = 2 * Math.trunc(radius / scale) + 1
  const coefficients = colourModel(smallGuide, { size, eps })
  const pixels = new Uint8Array(picture.pixels.length)
  for (const [n, target] of smallGuide.entries()) {
    const [a, b, c, offset] = coefficients(target).map(plane => resizeLinear(boxBlur(plane, size), { width, height }))
    const model = [a, b, c].map((slope, k) => times(slope ?? EMPTY, guide[k] ?? EMPTY))
    const colours = sum(model[0] ?? EMPTY, model[1] ?? EMPTY, model[2] ?? EMPTY).data
    for (let i = 0; i < width * height; i++) {
      const value = fround((colours[i] as number) + (offset?.data[i] as number))
      pixels[i * channels + 2 - n] = wrapToByte(fround(255 * value))
    }
  }
  return { width, height, channels, pixels }
}

const { fround } = Math

/** 1/255 is rounded to float32 before it multiplies. */
function unitPlane({ width, height, pixels }: Picture): FloatPlane {
  return { width, height, data: new Float32Array(pixels).map(v => v * fround(1 / 255)) }
}

type Coefficients = [x: FloatPlane, y: FloatPlane, z: FloatPlane, offset: FloatPlane]

/** For every window the linear model of a target in the guide's three planes: a = Σ⁻¹·cov(guide, target), b = mean − a·mean(guide). */
function colourModel(guide: readonly FloatPlane[], { size, eps }: { size: number; eps: number }) {
  const [x = EMPTY, y = EMPTY, z = EMPTY] = guide
  const mean = (plane: FloatPlane) => boxBlur(plane, size)
  const means = { x: mean(x), y: mean(y), z: mean(z) }
  const covariance = (a: FloatPlane, b: FloatPlane, meanA: FloatPlane, meanB: FloatPlane) =>
    minus(mean(times(a, b)), times(meanA, meanB))
  const variance = (a: FloatPlane, meanA: FloatPlane): FloatPlane => {
    const { width, height, data } = covariance(a, a, meanA, meanA)
    return { width, height, data: data.map(v => v + fround(eps)) }
  }
  const xx = variance(x, means.x)
  const yy = variance(y, means.y)
  const zz = variance(z, means.z)
  const xy = covariance(x, y, means.x, means.y)
  const xz = covariance(x, z, means.x, means.z)
  const yz = covariance(y, z, means.y, means.z)
  const adjoint = {
    xx: minus(times(yy, zz), times(yz, yz)),
    xy: minus(times(yz, xz), times(xy, zz)),
    xz: minus(times(xy, yz), times(yy, xz)),
    yy: minus(times(xx, zz), times(xz, xz)),
    yz: minus(times(xz, xy), times(xx, yz)),
    zz: minus(times(xx, yy), times(xy, xy)),
  }
  const determinant = sum(times(adjoint.xx, xx), times(adjoint.xy, xy), times(adjoint.xz, xz))
  const inverse = {
    xx: over(adjoint.xx, determinant),
    xy: over(adjoint.xy, determinant),
    xz: over(adjoint.xz, determinant),
    yy: over(adjoint.yy, determinant),
    yz: over(adjoint.yz, determinant),
    zz: over(adjoint.zz, determinant),
  }
  return (target: FloatPlane): Coefficients => {
    const targetMean = mean(target)
    const cx = covariance(x, target, means.x, targetMean)
    const cy = covariance(y, target, means.y, targetMean)
    const cz = covariance(z, target, means.z, targetMean)
    const slopeX = sum(times(inverse.xx, cx), times(inverse.xy, cy), times(inverse.xz, cz))
    const slopeY = sum(times(inverse.xy, cx), times(inverse.yy, cy), times(inverse.yz, cz))
    const slopeZ = sum(times(inverse.xz, cx), times(inverse.yz, cy), times(inverse.zz, cz))
    const offset = [times(slopeX, means.x), times(slopeY, means.y), times(slopeZ, means.z)].reduce(minus, targetMean)
    return [slopeX, slopeY, slopeZ, offset]
  }
}

const EMPTY: FloatPlane = { width: 0, height: 0, data: new Float32Array() }

function times(a: FloatPlane, b: FloatPlane): FloatPlane {
  const data = new Float32Array(a.data.length)
  for (let i = 0; i < data.length; i++) data[i] = (a.data[i] as number) * (b.data[i] as number)
  return { ...a, data }
}

function minus(a: FloatPlane, b: FloatPlane): FloatPlane {
  const data = new Float32Array(a.data.length)
  for (let i = 0; i < data.length; i++) data[i] = (a.data[i] as number) - (b.data[i] as number)
  return { ...a, data }
}

function over(a: FloatPlane, b: FloatPlane): FloatPlane {
  const data = new Float32Array(a.data.length)
  for (let i = 0; i < data.length; i++) data[i] = (a.data[i] as number) / (b.data[i] as number)
  return { ...a, data }
}

function sum(a: FloatPlane, b: FloatPlane, c: FloatPlane): FloatPlane {
  const data = new Float32Array(a.data.length)
  for (let i = 0; i < data.length; i++) {
    data[i] = fround((a.data[i] as number) + (b.data[i] as number)) + (c.data[i] as number)
  }
  return { ...a, data }
}
