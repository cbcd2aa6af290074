/**
 * Resizing as Pillow does it (12 and older): a horizontal pass, then a vertical one, 22-bit fixed-point weights, each pass
 * rounded and clipped to 8 bit (`libImaging/Resample.c`). Alpha is multiplied in before and divided out after, palette and bilevel
 * pictures go by nearest.
 */
import { ImageError } from '../errors.js'
import type { Picture } from './picture.js'

export type ResizeFilter = 'nearest' | 'bilinear' | 'bicubic' | 'lanczos'

export interface ResizeRequest {
  width: number
  height: number
  filter: ResizeFilter
}

interface Kernel {
  /** Reach on either side, in source pixels when enlarging. */
  support: number
  weight(x: number): number
}

const KERNELS: Readonly<Record<Exclude<ResizeFilter, 'nearest'>, Kernel>> = {
  bilinear: { support: 1, weight: x => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weight: cubic },
  lanczos: { support: 3, weight: x => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
}

/** A copy of the picture at another size; the same picture where it has the size already. */
export function resize(picture: Picture, { width, height, filter }: ResizeRequest): Picture {
  if (!(width > 0 && height > 0)) throw new ImageError(`a picture cannot be resized to ${width}×${height} pixels`)
  if (picture.width === width && picture.height === height) return picture
  if (filter === 'nearest' || picture.indexed) return nearest(picture, { width, height })
  const kernel = KERNELS[filter]
  const alpha = picture.channels === 2 || picture.channels === 4
  const premultiplied = alpha ? premultiply(picture) : picture
  const resized = vertical(horizontal(premultiplied, { width, kernel }), { height, kernel })
  return alpha ? unpremultiply(resized) : resized
}

const PRECISION = 22
const HALF = 1 << (PRECISION - 1)

/** Which source values make an output value, and with what weights. */
interface Taps {
  first: number
  weights: Float64Array
}

/** The taps of every output position along one axis. */
function tapsOf(source: number, target: number, { support, weight }: Kernel): Taps[] {
  const scale = source / target
  const stretch = Math.max(scale, 1)
  const reach = support * stretch
  return Array.from({ length: target }, (_, at) => {
    const centre = (at + 0.5) * scale
    const first = Math.max(0, Math.trunc(centre - reach + 0.5))
    const end = Math.min(source, Math.trunc(centre + reach + 0.5))
    const weights = Float64Array.from({ length: end - first }, (_, i) =>
      weight((i + first - centre + 0.5) * (1 / stretch)),
    )
    const sum = weights.reduce((total, w) => total + w, 0)
    return { first, weights: weights.map(w => fixedPoint(sum === 0 ? w : w / sum)) }
  })
}

function fixedPoint(weight: number): number {
  return Math.trunc(weight * (1 << PRECISION) + (weight < 0 ? -0.5 : 0.5))
}

function horizontal(picture: Picture, { width, kernel }: { width: number; kernel: Kernel }): Picture {
  if (picture.width === width) return picture
  const { height, channels } = picture
  const pixels = new Uint8Array(width * height * channels)
  for (const [x, taps] of tapsOf(picture.width, width, kernel).entries()) {
    for (let y = 0; y < height; y++) {
      const from = (y * picture.width + taps.first) * channels
      const to = (y * width + x) * channels
      for (let c = 0; c < channels; c++) pixels[to + c] = blend(picture.pixels, from + c, channels, taps.weights)
    }
  }
  return { width, height, channels, pixels }
}

function vertical(picture: Picture, { height, kernel }: { height: number; kernel: Kernel }): Picture {
  if (picture.height === height) return picture
  const { width, channels } = picture
  const row = width * channels
  const pixels = new Uint8Array(height * row)
  for (const [y, taps] of tapsOf(picture.height, height, kernel).entries()) {
    for (let i = 0; i < row; i++) pixels[y * row + i] = blend(picture.pixels, taps.first * row + i, row, taps.weights)
  }
  return { width, height, channels, pixels }
}

function blend(pixels: Uint8Array, from: number, stride: number, weights: Float64Array): number {
  let sum = HALF
  for (let i = 0; i < weights.length; i++) sum += (pixels[from + i * stride] as number) * (weights[i] as number)
  return Math.min(255, Math.max(0, sum >> PRECISION))
}

/** Positions are summed up, not multiplied, as Pillow does: it decides ties. */
function nearest(picture: Picture, { width, height }: { width: number; height: number }): Picture {
  const { channels } = picture
  const columns = positions(picture.width, width)
  const pixels = new Uint8Array(width * height * channels)
  let to = 0
  for (const y of positions(picture.height, height)) {
    for (const x of columns) {
      const from = (y * picture.width + x) * channels
      for (let c = 0; c < channels; c++) pixels[to++] = picture.pixels[from + c] as number
    }
  }
  return { ...picture, width, height, pixels }
}

function positions(source: number, target: number): number[] {
  const step = source / target
  let at = step * 0.5
  return Array.from({ length: target }, () => {
    const position = Math.min(source - 1, Math.floor(at))
    at += step
    return position
  })
}

function premultiply(picture: Picture): Picture {
  return mapColours(picture, (value, alpha) => {
    const product = value * alpha + 128
    return ((product >> 8) + product) >> 8
  })
}

function unpremultiply(picture: Picture): Picture {
  return mapColours(picture, (value, alpha) => (alpha === 0 ? value : Math.min(255, Math.trunc((255 * value) / alpha))))
}

function mapColours(picture: Picture, map: (value: number, alpha: number) => number): Picture {
  const { channels } = picture
  const pixels = picture.pixels.slice()
  for (let i = 0; i < pixels.length; i += channels) {
    const alpha = pixels[i + channels - 1] as number
    if (alpha === 255) continue
    for (let c = 0; c < channels - 1; c++) pixels[i + c] = map(pixels[i + c] as number, alpha)
  }
  return { ...picture, pixels }
}

/** Keys' cubic convolution with a = −0.5. */
function cubic(x: number): number {
  const d = Math.abs(x)
  if (d < 1) return (1.5 * d - 2.5) * d * d + 1
  return d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI)
}
