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
  const guide = Array.from({ length: 3 }, (_, c) => unitPlane(channelOf(picture, c)))
  const small = { width: Math.trunc(width / scale), height: Math.trunc(height / scale) }
  const smallGuide = guide.map(plane => resizeNearest(plane, small))
  const size = 2 * Math.trunc(radius / scale) + 1
  const coefficients = colourModel(smallGuide, { size, eps })
  const pixels = new Uint8Array(picture.pixels.length)
  for (const [c, target] of smallGuide.entries()) {
    const [r, g, b, offset] = coefficients(target).map(
      plane => resizeLinear(boxBlur(plane, size), { width, height }).data,
    )
    const term = (plane: FloatPlane | undefined, factor: Float32Array | undefined, i: number) =>
      fround((plane?.data[i] as number) * (factor?.[i] as number))
    for (let i = 0; i < width * height; i++) {
      const colours = fround(fround(term(guide[0], r, i) + term(guide[1], g, i)) + term(guide[2], b, i))
      pixels[i * channels + c] = wrapToByte(fround(255 * fround(colours + (offset?.[i] as number))))
    }
  }
  return { width, height, channels, pixels }
}

const { fround } = Math

/** 1/255 is rounded to float32 before it multiplies. */
function unitPlane({ width, height, pixels }: Picture): FloatPlane {
  return { width, height, data: Float32Array.from(pixels, v => v * fround(1 / 255)) }
}

type Coefficients = [red: FloatPlane, green: FloatPlane, blue: FloatPlane, offset: FloatPlane]

/** For every window the linear model of a target in the guide's colours: a = Σ⁻¹·cov(guide, target), b = mean − a·mean(guide). */
function colourModel(guide: readonly FloatPlane[], { size, eps }: { size: number; eps: number }) {
  const [red = EMPTY, green = EMPTY, blue = EMPTY] = guide
  const mean = (plane: FloatPlane) => boxBlur(plane, size)
  const means = { r: mean(red), g: mean(green), b: mean(blue) }
  const covariance = (x: FloatPlane, y: FloatPlane, meanX: FloatPlane, meanY: FloatPlane) =>
    minus(mean(times(x, y)), times(meanX, meanY))
  const variance = (x: FloatPlane, meanX: FloatPlane) =>
    map(covariance(x, x, meanX, meanX), v => fround(v + fround(eps)))
  const rr = variance(red, means.r)
  const gg = variance(green, means.g)
  const bb = variance(blue, means.b)
  const rg = covariance(red, green, means.r, means.g)
  const rb = covariance(red, blue, means.r, means.b)
  const gb = covariance(green, blue, means.g, means.b)
  const adjoint = {
    rr: minus(times(gg, bb), times(gb, gb)),
    rg: minus(times(gb, rb), times(rg, bb)),
    rb: minus(times(rg, gb), times(gg, rb)),
    gg: minus(times(rr, bb), times(rb, rb)),
    gb: minus(times(rb, rg), times(rr, gb)),
    bb: minus(times(rr, gg), times(rg, rg)),
  }
  const determinant = sum(times(adjoint.rr, rr), times(adjoint.rg, rg), times(adjoint.rb, rb))
  const inverse = {
    rr: over(adjoint.rr, determinant),
    rg: over(adjoint.rg, determinant),
    rb: over(adjoint.rb, determinant),
    gg: over(adjoint.gg, determinant),
    gb: over(adjoint.gb, determinant),
    bb: over(adjoint.bb, determinant),
  }
  return (target: FloatPlane): Coefficients => {
    const targetMean = mean(target)
    const r = covariance(red, target, means.r, targetMean)
    const g = covariance(green, target, means.g, targetMean)
    const b = covariance(blue, target, means.b, targetMean)
    const slopeR = sum(times(inverse.rr, r), times(inverse.rg, g), times(inverse.rb, b))
    const slopeG = sum(times(inverse.rg, r), times(inverse.gg, g), times(inverse.gb, b))
    const slopeB = sum(times(inverse.rb, r), times(inverse.gb, g), times(inverse.bb, b))
    const offset = [times(slopeR, means.r), times(slopeG, means.g), times(slopeB, means.b)].reduce(minus, targetMean)
    return [slopeR, slopeG, slopeB, offset]
  }
}

const EMPTY: FloatPlane = { width: 0, height: 0, data: new Float32Array() }

function map({ width, height, data }: FloatPlane, f: (v: number, i: number) => number): FloatPlane {
  return { width, height, data: data.map(f) }
}

function times(a: FloatPlane, b: FloatPlane): FloatPlane {
  return map(a, (v, i) => v * (b.data[i] as number))
}

function minus(a: FloatPlane, b: FloatPlane): FloatPlane {
  return map(a, (v, i) => v - (b.data[i] as number))
}

function over(a: FloatPlane, b: FloatPlane): FloatPlane {
  return map(a, (v, i) => v / (b.data[i] as number))
}

function sum(a: FloatPlane, b: FloatPlane, c: FloatPlane): FloatPlane {
  return map(a, (v, i) => fround(v + (b.data[i] as number)) + (c.data[i] as number))
}
