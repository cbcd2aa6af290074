/** Fine detail: the energy of the Laplacian. Blur takes it away; noise, checkerboards, sharpening and another upscaler add to it. */
import type { Compared } from './local-difference.js'
import { luma } from './luma.js'
import type { Picture } from './picture.js'
import { summedArea } from './summed-area.js'

/** Mean energy that random last bits have, and half as much again: below it no ratio says anything. */
const ROUNDED_ENERGY = 10

/** Ratio of the mean energies, candidate to golden, beyond what rounding has. */
export function laplacianRatio(golden: Picture, candidate: Picture): number {
  const rounding = ROUNDED_ENERGY * golden.width * golden.height
  return (total(laplacianEnergy(candidate)) + rounding) / (total(laplacianEnergy(golden)) + rounding)
}

const WINDOW = 24
const STEP = 6

/** Energy that rounding to 8 bit has by itself: below it there is nothing to be sharp. */
const ROUNDING = 40

/** Logarithms of ratios that are allowed: a floor, and more than what an upload does itself. */
const FLOOR = 0.45
const UPLOAD = 1.25

export interface SharpnessSpot {
  /** Multiple of what is allowed in the worst window. */
  value: number
  /** Ratio of the energies there. */
  ratio: number
  x: number
  y: number
  size: number
}

export function worstSharpness({ golden, candidate, upload = golden }: Compared): SharpnessSpot {
  const { width, height } = golden
  const table = (picture: Picture) => {
    const energy = laplacianEnergy(picture)
    return summedArea(width, height, i => energy[i] as number)
  }
  const [g, c, u] = [table(golden), table(candidate), upload === golden ? undefined : table(upload)]
  const size = Math.min(WINDOW, width, height)
  const rounding = ROUNDING * size * size
  let worst: SharpnessSpot = { value: 0, ratio: 1, x: 0, y: 0, size }
  for (let y = 0; y + size <= height; y += STEP) {
    for (let x = 0; x + size <= width; x += STEP) {
      const own = g.sum(x, y, size, size) + rounding
      const ratio = (c.sum(x, y, size, size) + rounding) / own
      const uploaded = u === undefined ? 1 : (u.sum(x, y, size, size) + rounding) / own
      const value = Math.abs(Math.log(ratio)) / (FLOOR + UPLOAD * Math.abs(Math.log(uploaded)))
      if (value > worst.value) worst = { value, ratio, x, y, size }
    }
  }
  return worst
}

/** Squared Laplacian of the luma (four neighbours); the edge of the picture has none. */
function laplacianEnergy(picture: Picture): Float64Array {
  const { width, height } = picture
  const y = luma(picture)
  const energy = new Float64Array(y.length)
  for (let row = 1; row < height - 1; row++) {
    for (let i = row * width + 1, end = (row + 1) * width - 1; i < end; i++) {
      const value =
        (y[i - 1] as number) +
        (y[i + 1] as number) +
        (y[i - width] as number) +
        (y[i + width] as number) -
        4 * (y[i] as number)
      energy[i] = value * value
    }
  }
  return energy
}

function total(values: Float64Array): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i] as number
  return sum
}
