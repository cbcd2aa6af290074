/**
 * Ways in which a picture goes wrong, each named after what would cause it. Self-proof, comparator pairs and the detection table
 * are made of them. The same picture and seed give the same mutation on every machine.
 */
import { decodeImage } from '../../imaging/decode.js'
import { encodeImage, encodeJpeg } from '../../imaging/encode.js'
import type { PictureChannels } from '../../imaging/picture.js'
import type { Picture } from '../metrics/picture.js'
import { blurred, isInside, mapColours, mapValues, normal, pasted, type Random, somewhere, warp } from './pixels.js'

export type Mutate = (picture: Picture, random: Random) => Picture | Promise<Picture>

const clip = (value: number) => Math.min(255, Math.max(0, value))

function lumaOf([r, g, b]: readonly [number, number, number]): number {
  return 0.299 * r + 0.587 * g + 0.114 * b
}

const offset =
  (levels: number): Mutate =>
  picture =>
    mapValues(picture, value => value + levels)

const gain =
  (factor: number): Mutate =>
  picture =>
    mapValues(picture, value => 127.5 + (value - 127.5) * factor)

const gamma =
  (exponent: number): Mutate =>
  picture =>
    mapValues(picture, value => 255 * (value / 255) ** exponent)

const saturation =
  (factor: number): Mutate =>
  picture =>
    mapColours(picture, rgb => {
      const grey = lumaOf(rgb)
      return [grey + (rgb[0] - grey) * factor, grey + (rgb[1] - grey) * factor, grey + (rgb[2] - grey) * factor]
    })

/** Turns the hue in the plane of constant luma (YIQ). */
const hue =
  (degrees: number): Mutate =>
  picture => {
    const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)]
    return mapColours(picture, ([r, g, b]) => {
      const y = lumaOf([r, g, b])
      const i = 0.596 * r - 0.274 * g - 0.322 * b
      const q = 0.211 * r - 0.523 * g + 0.312 * b
      const [ti, tq] = [c * i - s * q, s * i + c * q]
      return [y + 0.956 * ti + 0.621 * tq, y - 0.272 * ti - 0.647 * tq, y - 1.106 * ti + 1.703 * tq]
    })
  }

const tint =
  (levels: readonly [number, number, number]): Mutate =>
  picture =>
    mapColours(picture, ([r, g, b]) => [r + levels[0], g + levels[1], b + levels[2]])

const permuted =
  (order: readonly [0 | 1 | 2, 0 | 1 | 2, 0 | 1 | 2]): Mutate =>
  picture =>
    mapColours(picture, rgb => [rgb[order[0]], rgb[order[1]], rgb[order[2]]])

const square =
  (side: number, colour: (random: Random) => readonly [number, number, number]): Mutate =>
  (picture, random) => {
    const area = somewhere(picture, side, random)
    const paint = colour(random)
    return mapColours(picture, (rgb, at) => (isInside(area, at) ? paint : rgb))
  }

const noise =
  (sigma: number): Mutate =>
  (picture, random) =>
    mapValues(picture, value => value + sigma * normal(random))

/** Tiles of a side whose brightness alternates: a tiled decoder whose tiles do not agree. */
const tiles =
  (side: number, levels: number): Mutate =>
  picture =>
    mapValues(
      picture,
      (value, { x, y }) => value + ((Math.floor(x / side) + Math.floor(y / side)) % 2 === 0 ? levels : -levels),
    )

const strips =
  (side: number, levels: number): Mutate =>
  picture =>
    mapValues(picture, (value, { x }) => value + (Math.floor(x / side) % 2 === 0 ? levels : -levels))

const shifted =
  (dx: number, dy: number): Mutate =>
  picture =>
    warp(picture, (x, y) => [x - dx, y - dy])

const turned =
  (degrees: number): Mutate =>
  picture => {
    const [c, s] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)]
    const [mx, my] = [(picture.width - 1) / 2, (picture.height - 1) / 2]
    return warp(picture, (x, y) => [mx + c * (x - mx) - s * (y - my), my + s * (x - mx) + c * (y - my)])
  }

const zoomed =
  (factor: number): Mutate =>
  picture => {
    const [mx, my] = [(picture.width - 1) / 2, (picture.height - 1) / 2]
    return warp(picture, (x, y) => [mx + (x - mx) / factor, my + (y - my) / factor])
  }

/** Makes a picture smaller and large again: another size of latent, a wrong upscaler. */
const coarser =
  (factor: number): Mutate =>
  picture => {
    const { width, height, channels, pixels } = picture
    return mapValues(picture, (_, { x, y, channel }) => {
      const [bx, by] = [Math.floor(x / factor) * factor, Math.floor(y / factor) * factor]
      let sum = 0
      let count = 0
      for (let v = by; v < Math.min(height, by + factor); v++) {
        for (let u = bx; u < Math.min(width, bx + factor); u++) {
          sum += pixels[(v * width + u) * channels + channel] as number
          count++
        }
      }
      return sum / count
    })
  }

/** The square of the picture in which most happens, of the brightest contrast. */
function busiest(picture: Picture, side: number): { x: number; y: number; width: number; height: number } {
  const { width, height, channels, pixels } = picture
  const [w, h] = [Math.min(side, width), Math.min(side, height)]
  let best = { x: 0, y: 0, width: w, height: h, energy: -1 }
  for (let y = 0; y + h <= height; y += 4) {
    for (let x = 0; x + w <= width; x += 4) {
      let energy = 0
      for (let v = y; v < y + h; v++) {
        for (let u = x; u < x + w - 1; u++) {
          const at = (v * width + u) * channels
          energy += Math.abs((pixels[at + 1] ?? 0) - (pixels[at + channels + 1] ?? 0))
        }
      }
      if (energy > best.energy) best = { x, y, width: w, height: h, energy }
    }
  }
  return best
}

const sharpened: Mutate = picture => {
  const soft = blurred(picture, 1.5)
  let at = 0
  return mapValues(picture, value => value + 0.8 * (value - (soft.pixels[at++] ?? value)))
}

const lossy =
  (format: 'webp' | 'jpeg', quality: number): Mutate =>
  async picture => {
    const channels: PictureChannels = picture.channels === 1 ? 1 : picture.channels === 4 ? 4 : 3
    const file = await (format === 'jpeg'
      ? encodeJpeg({ ...picture, channels }, quality)
      : encodeImage({ ...picture, channels, format, quality }))
    const decoded = await decodeImage(file)
    if (decoded.channels === picture.channels) return decoded
    // WebP has no grey: one of three equal channels.
    return mapValues(
      picture,
      (_, { x, y, channel }) => decoded.pixels[(y * picture.width + x) * decoded.channels + channel] ?? 0,
    )
  }

/** What must be caught. */
export const MUTATIONS = {
  'channels-swapped': permuted([2, 1, 0]),
  'channels-rotated': permuted([1, 2, 0]),
  'channel-dropped': permuted([0, 1, 1]),
  negative: picture => mapValues(picture, value => 255 - value),
  black: picture => mapValues(picture, () => 0),
  'brightness-6': offset(6),
  'brightness-3': offset(-3),
  'gamma-1.1': gamma(1.1),
  'contrast-95': gain(0.95),
  'contrast-110': gain(1.1),
  'saturation-85': saturation(0.85),
  'saturation-120': saturation(1.2),
  'hue-8': hue(8),
  'hue-20': hue(20),
  'cast-4': tint([4, 0, -4]),
  'grey-square-8': square(8, () => [128, 128, 128]),
  'grey-square-16': square(16, () => [128, 128, 128]),
  'black-square-8': square(8, () => [0, 0, 0]),
  'black-square-24': square(24, () => [0, 0, 0]),
  'black-square-48': square(48, () => [0, 0, 0]),
  'coloured-square-12': square(12, random => [255 * random(), 255 * random(), 255 * random()]),
  'tiles-4': tiles(32, 4),
  'tiles-2': tiles(32, 2),
  'seams-4': strips(64, 4),
  'seams-2': strips(64, 2),
  'blur-1': picture => blurred(picture, 1),
  'blur-2': picture => blurred(picture, 2),
  'blur-local': picture => pasted(picture, blurred(picture, 2), busiest(picture, 24)),
  sharpened,
  'noise-4': noise(4),
  'noise-8': noise(8),
  salt: (picture, random) => {
    const white = new Set(Array.from({ length: 24 }, () => Math.floor(random() * picture.width * picture.height)))
    return mapColours(picture, (rgb, { x, y }) => (white.has(y * picture.width + x) ? [255, 255, 255] : rgb))
  },
  checkerboard: picture => mapValues(picture, (value, { x, y }) => value + ((x + y) % 2 === 0 ? 4 : -4)),
  'checkerboard-8': picture =>
    mapValues(picture, (value, { x, y }) => value + ((Math.floor(x / 8) + Math.floor(y / 8)) % 2 === 0 ? 3 : -3)),
  'shift-half': shifted(0.5, 0),
  'shift-1': shifted(1, 0),
  'shift-8': shifted(0, 8),
  'rotation-1': turned(1),
  'zoom-2': zoomed(1.02),
  'mirrored-x': picture => warp(picture, (x, y) => [picture.width - 1 - x, y]),
  'mirrored-y': picture => warp(picture, (x, y) => [x, picture.height - 1 - y]),
  'halves-swapped': picture => warp(picture, (x, y) => [(x + picture.width / 2) % picture.width, y]),
  'half-duplicated': picture => warp(picture, (x, y) => [x % (picture.width / 2), y]),
  letterboxed: picture => {
    const bar = Math.round(picture.height / 16)
    return mapColours(picture, (rgb, { y }) => (y < bar || y >= picture.height - bar ? [0, 0, 0] : rgb))
  },
  'row-lost': picture => mapColours(picture, (rgb, { y }) => (y === picture.height >> 1 ? [0, 0, 0] : rgb)),
  'jpeg-30': lossy('jpeg', 30),
  'webp-30': lossy('webp', 30),
  posterised: picture => mapValues(picture, value => Math.floor(value / 24) * 24 + 12),
  coarser: coarser(2),
  'vae-scale': picture => mapValues(picture, value => clip(127.5 + (value - 127.5) * 1.1)),
  vignette: picture => {
    const [mx, my] = [(picture.width - 1) / 2, (picture.height - 1) / 2]
    return mapValues(picture, (value, { x, y }) => value * (1 - 0.12 * (((x - mx) / mx) ** 2 + ((y - my) / my) ** 2)))
  },
  banding: picture => mapValues(picture, (value, { y }) => value + 3 * Math.sin((2 * Math.PI * y) / 16)),
  'lines-lost': (picture, random) => {
    const area = somewhere(picture, picture.height / 2, random)
    return mapColours(picture, (rgb, at) => (isInside(area, at) ? [0, 0, 0] : rgb))
  },
  'lines-added': (picture, random) => {
    const [x, y] = [Math.floor(random() * picture.width), Math.floor(random() * picture.height)]
    return mapColours(picture, (rgb, at) => (at.x === x || at.y === y ? [255, 255, 255] : rgb))
  },
} satisfies Record<string, Mutate>

export type MutationName = keyof typeof MUTATIONS

/** What must pass: differences that nobody sees and that do happen. */
export const BENIGN = {
  'webp-95': lossy('webp', 95),
  'one-level': (picture, random) => mapValues(picture, value => value + Math.floor(3 * random()) - 1),
  'one-level-some': (picture, random) =>
    mapValues(picture, value => value + (random() < 0.25 ? (random() < 0.5 ? 1 : -1) : 0)),
} satisfies Record<string, Mutate>
