/**
 * Differences by place: what a mean over the picture hides. Every window of 4, 8 and 16 pixels is asked how far brightness and
 * colour are off on average there, and how strong what is left is; every figure is a multiple of what is allowed in that window,
 * so that 1 is the limit everywhere.
 *
 * Allowed is a floor (rounding to 8 bit, by ±1), a share of the golden's own contrast there (what hides a difference from the eye),
 * and more than what the upload of the golden itself changes there: the Horde's workers upload WebP of quality 95, whose halved
 * colour resolution moves saturated edges by tens of levels and flat areas by nothing.
 */
import { luma } from './luma.js'
import type { Picture } from './picture.js'
import { type SummedArea, summedArea } from './summed-area.js'

/** The largest multiple of what is allowed, and where. */
export interface Spot {
  value: number
  x: number
  y: number
  /** Side of the window in pixels. */
  size: number
  /** How far it is off there, in 8-bit levels. */
  levels: number
}

export const LOCAL_DIFFERENCES = ['brightness', 'colour', 'texture', 'pixel'] as const

export type LocalDifference = (typeof LOCAL_DIFFERENCES)[number]

export interface Compared {
  golden: Picture
  candidate: Picture
  /** The golden after an upload; without it nothing but floor and contrast is allowed. */
  upload?: Picture | undefined
}

/** Of each window: its side, the step from one to the next, and the floors in levels. */
const WINDOWS = [
  { size: 4, step: 1, brightness: 0.84, colour: 1.2, texture: 1.3 },
  { size: 8, step: 2, brightness: 0.56, colour: 0.75, texture: 1 },
  { size: 16, step: 4, brightness: 0.42, colour: 0.5, texture: Number.POSITIVE_INFINITY },
] as const

/** An upload's own change reaches as far beyond a window as its colour is smeared. */
const REACH = 2

/** Multiples of the upload's own change that are allowed; encoders differ more in colour than in brightness. */
const UPLOAD = { brightness: 1.25, colour: 2, texture: 1.3, pixel: 2 }

/** Shares of the golden's standard deviation around a window that are allowed. */
const CONTRAST = { brightness: 0.03, texture: 0.06, pixel: 0.3 }

/** Levels by which any single pixel may be off. */
export const PIXEL_FLOOR = 4

export function localDifferences(compared: Compared): Record<LocalDifference, Spot> {
  const { golden } = compared
  const { width, height } = golden
  const tables = tablesOf(compared)
  const worst: Record<LocalDifference, Spot> = {
    brightness: { ...NOTHING },
    colour: { ...NOTHING },
    texture: { ...NOTHING },
    pixel: worstPixel(compared, tables),
  }
  for (const window of WINDOWS) {
    const size = Math.min(window.size, width, height)
    for (let y = 0; y + size <= height; y += window.step) {
      for (let x = 0; x + size <= width; x += window.step) {
        judgeWindow({ worst, tables, window: { ...window, size }, x, y })
      }
    }
  }
  return worst
}

const NOTHING: Spot = { value: 0, x: 0, y: 0, size: 1, levels: 0 }

interface Tables {
  difference: SummedArea
  squares: SummedArea
  colours: { difference: SummedArea; upload: SummedArea }[]
  upload: SummedArea
  uploadSquares: SummedArea
  golden: SummedArea
  goldenSquares: SummedArea
}

function tablesOf({ golden, candidate, upload = golden }: Compared): Tables {
  const { width, height, channels } = golden
  const [g, c, u] = [luma(golden), luma(candidate), luma(upload)]
  const table = (value: (i: number) => number) => summedArea(width, height, value)
  const at = (values: Float64Array, i: number) => values[i] as number
  // Cb and Cr of ITU-R BT.601 (JFIF): blue and red without their share of luma.
  const colour = (channel: number, scale: number) => {
    const off = (picture: Picture, y: Float64Array) => (i: number) =>
      scale * ((picture.pixels[i * channels + channel] as number) - at(y, i))
    const [ours, theirs, uploaded] = [off(candidate, c), off(golden, g), off(upload, u)]
    return { difference: table(i => ours(i) - theirs(i)), upload: table(i => Math.abs(uploaded(i) - theirs(i))) }
  }
  return {
    difference: table(i => at(c, i) - at(g, i)),
    squares: table(i => (at(c, i) - at(g, i)) ** 2),
    colours: channels < 3 ? [] : [colour(2, 0.564), colour(0, 0.713)],
    upload: table(i => Math.abs(at(u, i) - at(g, i))),
    uploadSquares: table(i => (at(u, i) - at(g, i)) ** 2),
    golden: table(i => at(g, i)),
    goldenSquares: table(i => at(g, i) ** 2),
  }
}

interface WindowInput {
  worst: Record<LocalDifference, Spot>
  tables: Tables
  window: { size: number; brightness: number; colour: number; texture: number }
  x: number
  y: number
}

function judgeWindow({ worst, tables, window, x, y }: WindowInput): void {
  const { size } = window
  const area = size * size
  const wide = size + 2 * REACH
  // Colour is smeared across edges, which are lines: a wider window holds as many of them as it is wider.
  const around = (table: SummedArea) => table.sum(x - REACH, y - REACH, wide, wide) / (size * wide)
  const meet = (name: LocalDifference, levels: number, allowed: number) => {
    const value = levels / allowed
    const spot = worst[name]
    if (value > spot.value) worst[name] = { value, x, y, size, levels }
  }
  const squares = tables.squares.sum(x, y, size, size)
  const colours = tables.colours.map(({ difference }) => Math.abs(difference.sum(x, y, size, size)) / area)
  // Most windows of most pictures are nowhere near; nothing more is computed for them.
  const most = Math.max(...colours, 0)
  if (squares / area < 0.04 && most < 0.15) return

  const contrast = contrastAround(tables, { x: x - REACH, y: y - REACH, size: wide })
  meet(
    'brightness',
    Math.abs(tables.difference.sum(x, y, size, size)) / area,
    window.brightness + UPLOAD.brightness * around(tables.upload) + CONTRAST.brightness * contrast,
  )
  for (const [index, { upload }] of tables.colours.entries()) {
    meet('colour', colours[index] ?? 0, window.colour + UPLOAD.colour * around(upload))
  }
  meet(
    'texture',
    Math.sqrt(squares / area),
    window.texture + UPLOAD.texture * Math.sqrt(around(tables.uploadSquares)) + CONTRAST.texture * contrast,
  )
}

/** Standard deviation of the golden's luma in a square. */
function contrastAround(
  { golden, goldenSquares }: Pick<Tables, 'golden' | 'goldenSquares'>,
  { x, y, size }: { x: number; y: number; size: number },
): number {
  const mean = golden.mean(x, y, size, size)
  return Math.sqrt(Math.max(0, goldenSquares.mean(x, y, size, size) - mean * mean))
}

function worstPixel({ golden, candidate, upload = golden }: Compared, tables: Tables): Spot {
  const { width, height, channels } = golden
  const step = (picture: Picture, x: number, y: number) => {
    let most = 0
    for (let at = (y * width + x) * channels, end = at + channels; at < end; at++) {
      most = Math.max(most, Math.abs((picture.pixels[at] as number) - (golden.pixels[at] as number)))
    }
    return most
  }
  let worst = { ...NOTHING }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const levels = step(candidate, x, y)
      if (levels <= worst.value * PIXEL_FLOOR) continue
      let uploaded = 0
      for (let v = Math.max(0, y - REACH); v <= Math.min(height - 1, y + REACH); v++) {
        for (let u = Math.max(0, x - REACH); u <= Math.min(width - 1, x + REACH); u++) {
          uploaded = Math.max(uploaded, step(upload, u, v))
        }
      }
      const contrast = contrastAround(tables, { x: x - REACH, y: y - REACH, size: 2 * REACH + 1 })
      const value = levels / (PIXEL_FLOOR + UPLOAD.pixel * uploaded + CONTRAST.pixel * contrast)
      if (value > worst.value) worst = { value, x, y, size: 1, levels }
    }
  }
  return worst
}
