/** What mutations are made of: pictures pixel by pixel, places and dice that are the same on every machine. */
import type { Picture } from '../metrics/picture.js'

/** A random number from 0 up to 1. */
export type Random = () => number

/** Mulberry32 (Tommy Ettinger, public domain): the same numbers from the same seed everywhere. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A number of the standard normal distribution (Box & Muller 1958). */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** FNV-1a: seeds from names. */
export function seedOf(...names: readonly string[]): number {
  let hash = 0x811c9dc5
  for (const character of names.join('\n')) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  return hash >>> 0
}

/** Each value anew, rounded and clipped to 8 bit. */
export function mapValues(
  picture: Picture,
  value: (old: number, at: { x: number; y: number; channel: number }) => number,
): Picture {
  const { width, channels, pixels } = picture
  const result = new Uint8ClampedArray(pixels.length)
  for (let i = 0; i < pixels.length; i++) {
    const pixel = Math.floor(i / channels)
    result[i] = value(pixels[i] as number, { x: pixel % width, y: Math.floor(pixel / width), channel: i % channels })
  }
  return { ...picture, pixels: new Uint8Array(result.buffer) }
}

/** Each pixel's colour anew; alpha stays. */
export function mapColours(
  picture: Picture,
  colour: (rgb: readonly [number, number, number], at: { x: number; y: number }) => readonly [number, number, number],
): Picture {
  const { width, channels, pixels } = picture
  if (channels < 3) return mapValues(picture, (v, { x, y }) => colour([v, v, v], { x, y })[0])
  const result = Uint8ClampedArray.from(pixels)
  for (let i = 0; i < pixels.length; i += channels) {
    const pixel = i / channels
    const rgb = [pixels[i] as number, pixels[i + 1] as number, pixels[i + 2] as number] as const
    result.set(colour(rgb, { x: pixel % width, y: Math.floor(pixel / width) }), i)
  }
  return { ...picture, pixels: new Uint8Array(result.buffer) }
}

/** Pixel (x, y) is what the picture has at `from(x, y)`, linearly between pixels; beyond its edge, the edge. */
export function warp(picture: Picture, from: (x: number, y: number) => readonly [x: number, y: number]): Picture {
  const { width, height, channels, pixels } = picture
  return mapValues(picture, (_, { x, y, channel }) => {
    const [sx, sy] = from(x, y)
    const cx = Math.min(width - 1, Math.max(0, sx))
    const cy = Math.min(height - 1, Math.max(0, sy))
    const [x0, y0] = [Math.floor(cx), Math.floor(cy)]
    const at = (px: number, py: number) =>
      pixels[(Math.min(height - 1, py) * width + Math.min(width - 1, px)) * channels + channel] as number
    const [fx, fy] = [cx - x0, cy - y0]
    return (
      (at(x0, y0) * (1 - fx) + at(x0 + 1, y0) * fx) * (1 - fy) +
      (at(x0, y0 + 1) * (1 - fx) + at(x0 + 1, y0 + 1) * fx) * fy
    )
  })
}

/** Gaussian blur, edges repeated. */
export function blurred(picture: Picture, sigma: number): Picture {
  const { width, height, channels, pixels } = picture
  const reach = Math.ceil(3 * sigma)
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma ** 2)))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const pass = (values: ArrayLike<number>, along: 'x' | 'y') =>
    Float64Array.from({ length: pixels.length }, (_, i) => {
      const [channel, pixel] = [i % channels, Math.floor(i / channels)]
      const [x, y] = [pixel % width, Math.floor(pixel / width)]
      let sum = 0
      for (let k = -reach; k <= reach; k++) {
        const px = along === 'x' ? Math.min(width - 1, Math.max(0, x + k)) : x
        const py = along === 'y' ? Math.min(height - 1, Math.max(0, y + k)) : y
        sum += ((weights[k + reach] ?? 0) / total) * (values[(py * width + px) * channels + channel] ?? 0)
      }
      return sum
    })
  const result = pass(pass(pixels, 'x'), 'y')
  return mapValues(picture, (_, { x, y, channel }) => result[(y * width + x) * channels + channel] ?? 0)
}

export interface Area {
  x: number
  y: number
  width: number
  height: number
}

/** A square of `side`, or all there is, anywhere in the picture. */
export function somewhere({ width, height }: Picture, side: number, random: Random): Area {
  const [w, h] = [Math.min(side, width), Math.min(side, height)]
  return { x: Math.floor(random() * (width - w + 1)), y: Math.floor(random() * (height - h + 1)), width: w, height: h }
}

export function isInside({ x, y, width, height }: Area, at: { x: number; y: number }): boolean {
  return at.x >= x && at.x < x + width && at.y >= y && at.y < y + height
}

/** Of `other` inside of the area, of `picture` elsewhere. */
export function pasted(picture: Picture, other: Picture, area: Area): Picture {
  const { width, channels } = picture
  return mapValues(picture, (value, { x, y, channel }) =>
    isInside(area, { x, y }) ? (other.pixels[(y * width + x) * channels + channel] ?? value) : value,
  )
}
