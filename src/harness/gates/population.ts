/**
 * Gate of a whole run: are its pictures, taken together, off in one direction? Each may be within its limits while all of them are
 * a little redder, paler or softer than their goldens.
 *
 * Differences are paired (a picture with its own golden) and tested by flipping their signs (Fisher 1935): no distribution is
 * assumed but that chance has no favourite direction. A case and its twin share noise and words, and count as one. Nothing below
 * a floor counts, however certain it is.
 */
import { deviation, luma, mean } from '../metrics/luma.js'
import type { Picture } from '../metrics/picture.js'
import { laplacianRatio } from '../metrics/sharpness.js'
import { channelPlane } from '../metrics/ssim.js'
import { randomOf } from '../mutations/pixels.js'
import type { GateResult } from '../run-schema.js'

/** Floors: levels of the channels' means, logarithms of the ratios of contrast and of fine detail. */
const FLOORS = { red: 0.25, green: 0.25, blue: 0.25, contrast: 0.01, detail: 0.15 } as const

export type Lean = Record<keyof typeof FLOORS, number>

const NAMES: Record<keyof Lean, readonly [more: string, less: string]> = {
  red: ['redder', 'less red'],
  green: ['greener', 'less green'],
  blue: ['bluer', 'less blue'],
  contrast: ['richer in contrast', 'paler'],
  detail: ['sharper', 'softer'],
}

/** How a picture leans against its golden. */
export function leanOf(candidate: Picture, golden: Picture): Lean {
  const off = (channel: number) => {
    const at = golden.channels < 3 ? 0 : channel
    return mean(channelPlane(candidate, at)) - mean(channelPlane(golden, at))
  }
  return {
    red: off(0),
    green: off(1),
    blue: off(2),
    contrast: Math.log(Math.max(deviation(luma(candidate)), 1) / Math.max(deviation(luma(golden)), 1)),
    detail: Math.log(Math.min(100, Math.max(0.01, laplacianRatio(golden, candidate)))),
  }
}

export interface Leaning {
  /** Cases that are not independent share it. */
  cluster: string
  lean: Lean
}

/** Independent cases from which chance can be told at all: 2 / 2^12 is less than the level of one metric. */
const LEAST = 12

/** Chance that a sound run fails, over all metrics. */
const LEVEL = 0.01

export function populationGate(cases: readonly Leaning[]): GateResult {
  const clusters = [...groups(cases).values()]
  const result = (verdict: GateResult['verdict'], reason: string, metrics = {}): GateResult => ({
    gate: 'population',
    verdict,
    reason,
    metrics: { cases: cases.length, independent: clusters.length, ...metrics },
  })
  if (clusters.length < LEAST) {
    return result('unmeasured', `not measured: ${clusters.length} independent cases, at least ${LEAST} can tell chance`)
  }
  const names = Object.keys(FLOORS) as (keyof Lean)[]
  const measured = names.map(name => {
    const values = clusters.map(leans => average(leans.map(lean => lean[name])))
    const chance = chanceOf(values, FLOORS[name])
    return { name, off: average(values), chance }
  })
  const metrics = Object.fromEntries(
    measured.flatMap(({ name, off, chance }) => [
      [name, off],
      [`chance_${name}`, chance],
    ]),
  )
  const off = measured.filter(({ chance }) => chance <= LEVEL / names.length)
  if (off.length === 0) return result('pass', `${cases.length} pictures lean nowhere, taken together`, metrics)
  const told = off.map(({ name, off }) => `${NAMES[name][off > 0 ? 0 : 1]} (${off.toPrecision(2)})`)
  return result('fail', `taken together, ${cases.length} pictures are ${told.join(', ')} than their goldens`, metrics)
}

function groups(cases: readonly Leaning[]): Map<string, Lean[]> {
  const found = new Map<string, Lean[]>()
  for (const { cluster, lean } of cases) found.set(cluster, [...(found.get(cluster) ?? []), lean])
  return found
}

const FLIPS = 4999

/** Two-sided chance of a mean this far beyond the floor, were signs drawn by lot. */
function chanceOf(values: readonly number[], floor: number): number {
  const direction = Math.sign(average(values))
  const beyond = values.map(value => value * direction - floor)
  const observed = average(beyond)
  if (observed <= 0) return 1
  const random = randomOf(1)
  let reached = 1
  for (let flip = 0; flip < FLIPS; flip++) {
    if (average(beyond.map(value => (random() < 0.5 ? value : -value))) >= observed - 1e-12) reached++
  }
  return Math.min(1, (2 * reached) / (FLIPS + 1))
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
