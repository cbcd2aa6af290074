/** Gate: do the pictures show the same? Identical where that can be expected, else by several metrics at once. */

import { alphaDistance, flattened, overlap } from '../metrics/coverage.js'
import { histogramDistance } from '../metrics/histogram.js'
import { multiScaleSsim } from '../metrics/ms-ssim.js'
import { ncc } from '../metrics/ncc.js'
import { hashDistance, phash } from '../metrics/phash.js'
import { type Picture, shapeOf } from '../metrics/picture.js'
import { psnr } from '../metrics/psnr.js'
import type { CaseFixture, GateResult } from '../run-schema.js'
import { type Bounds, PIXEL_METRICS, type PixelLimits, type PixelMetric } from './limits.js'

/** A picture and the hash of its pixels. */
export interface Hashed {
  sha256: string
  picture: Picture
}

/** What a picture is of: it chooses the metrics. */
export type OutputKind = CaseFixture['output']

export interface PixelInput {
  candidate: readonly Hashed[]
  golden: readonly Hashed[]
  /** The golden's pictures after an upload: what that changes is allowed. */
  uploads?: readonly Picture[] | undefined
  /** @default 'photo' */
  kind?: OutputKind
  limits: PixelLimits
  /** Said of pictures that are close but not identical where that is as it should be. */
  closeIsFine: string
}

export function pixelGate(input: PixelInput): GateResult {
  const { candidate, golden, uploads, kind = 'photo', limits, closeIsFine } = input
  if (candidate.length !== golden.length) {
    return {
      gate: 'pixels',
      verdict: 'fail',
      reason: `there are ${candidate.length} pictures, the golden has ${golden.length}`,
      metrics: {},
    }
  }
  const judged = candidate.map((image, index) =>
    judgePicture({ a: image, b: golden[index] ?? image, upload: uploads?.[index], kind, limits }),
  )
  const worst = judged.reduce((a, b) => (rank(b) > rank(a) ? b : a))
  const index = judged.indexOf(worst)
  const which = candidate.length === 1 ? '' : `picture ${index}: `
  const close = worst.verdict === 'pass' && !worst.identical && closeIsFine !== '' ? `, ${closeIsFine}` : ''
  const metrics = candidate.length === 1 ? worst.metrics : { ...worst.metrics, image: index }
  return { gate: 'pixels', verdict: worst.verdict, reason: `${which}${worst.reason}${close}`, metrics }
}

interface Judged extends Pick<GateResult, 'reason' | 'metrics'> {
  verdict: 'pass' | 'drift' | 'fail'
  identical: boolean
}

/** The worse verdict first, then the less alike. */
function rank({ verdict, identical, metrics }: Judged): number {
  return { pass: 0, drift: 10, fail: 20 }[verdict] + (identical ? 0 : 2 - (metrics.ssim ?? metrics.ncc ?? 0))
}

interface JudgeInput {
  a: Hashed
  b: Hashed
  upload: Picture | undefined
  kind: OutputKind
  limits: PixelLimits
}

function judgePicture({ a, b, upload, kind, limits }: JudgeInput): Judged {
  if (shapeOf(a.picture) !== shapeOf(b.picture)) {
    return {
      verdict: 'fail',
      identical: false,
      reason: `it is ${shapeOf(a.picture)}, the golden is ${shapeOf(b.picture)}`,
      metrics: {},
    }
  }
  if (a.sha256 === b.sha256) {
    return {
      verdict: 'pass',
      identical: true,
      reason: 'identical to the golden',
      metrics: { ssim: 1, worst_block: 1, ms_ssim: 1, ncc: 1, phash: 0 },
    }
  }
  const { values, place } = measure(a.picture, b.picture, kind)
  let bounds = limits
  if (upload !== undefined && misses(values, limits).length > 0) {
    bounds = loosened(limits, measure(upload, b.picture, kind).values)
  }
  const metrics: GateResult['metrics'] = { ...finite(values), ...place }
  for (const [name, limit] of [...Object.entries(bounds.drift), ...Object.entries(bounds.fail)]) {
    if (name in metrics) metrics[`limit_${name}`] = limit
  }
  const where = place === undefined ? '' : `; the worst block is at ${place.worst_block_x},${place.worst_block_y}`
  const result = { identical: false, metrics }
  const failed = beyond(values, bounds.fail)
  if (failed.length > 0) return { ...result, verdict: 'fail', reason: `another picture: ${failed.join(', ')}${where}` }
  const drifted = beyond(values, bounds.drift)
  if (drifted.length > 0) return { ...result, verdict: 'drift', reason: `drifted: ${drifted.join(', ')}${where}` }
  const figures = describe(values)
  if (limits.exact) {
    const reason = `close to the golden (${figures}) but not identical, as this machine drew it before`
    return { ...result, verdict: 'drift', reason }
  }
  return { ...result, verdict: 'pass', reason: `close to the golden: ${figures}` }
}

interface Measured {
  values: Partial<Record<PixelMetric | 'histogram', number>>
  place?: { worst_block_x: number; worst_block_y: number }
}

/** Sparse maps and masks are mostly one colour: SSIM is near 1 whatever they show. */
function measure(a: Picture, b: Picture, kind: OutputKind): Measured {
  if (kind === 'mask') return { values: { iou: overlap(a, b), ncc: ncc(a, b) } }
  if (kind === 'control_map') return { values: { ncc: ncc(a, b), iou: overlap(a, b, { reach: 1 }), psnr: psnr(a, b) } }
  if (kind === 'alpha' && a.channels === 4) {
    const { values, place } = measure(flattened(a), flattened(b), 'photo')
    return { values: { ...values, alpha: alphaDistance(a, b) }, ...(place && { place }) }
  }
  const similarity = multiScaleSsim(a, b)
  const { worst } = similarity
  return {
    values: {
      ssim: similarity.mean,
      worst_block: worst.value,
      ms_ssim: similarity.multiScale,
      psnr: psnr(a, b),
      ncc: ncc(a, b),
      phash: hashDistance(phash(a), phash(b)),
      histogram: histogramDistance(a, b),
    },
    place: { worst_block_x: worst.x, worst_block_y: worst.y },
  }
}

/** More than what the golden's own upload costs is allowed: encoders differ. */
const UPLOAD_LOSS = 1.3
const UPLOAD_DECIBEL = 1.5

function loosened(limits: PixelLimits, upload: Measured['values']): PixelLimits {
  const bounds = (bounds: Bounds): Bounds =>
    Object.fromEntries(
      Object.entries(bounds).map(([name, limit]) => {
        const own = upload[name as PixelMetric]
        if (own === undefined || name === 'phash' || name === 'alpha') return [name, limit]
        return [name, Math.min(limit, name === 'psnr' ? own - UPLOAD_DECIBEL : 1 - UPLOAD_LOSS * (1 - own))]
      }),
    )
  return { ...limits, fail: bounds(limits.fail), drift: bounds(limits.drift) }
}

function finite(values: Measured['values']): Record<string, number> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => Number.isFinite(value)))
}

function describe({ ssim, psnr, ncc, iou }: Measured['values']): string {
  if (ssim !== undefined) return `SSIM ${figure(ssim)}, PSNR ${(psnr ?? 0).toFixed(1)} dB`
  return `correlation ${figure(ncc ?? 0)}, overlap ${figure(iou ?? 0)}`
}

const NAMES: Record<PixelMetric, string> = {
  ssim: 'SSIM',
  worst_block: 'SSIM of the worst block',
  ms_ssim: 'multi-scale SSIM',
  psnr: 'PSNR',
  ncc: 'correlation',
  phash: 'distance of the perceptual hashes',
  iou: 'overlap of what is drawn',
  alpha: 'difference of alpha',
}

/** Metrics of which less is better. */
const DISTANCES: ReadonlySet<PixelMetric> = new Set(['phash', 'alpha'])

function misses(values: Measured['values'], { fail, drift }: PixelLimits): string[] {
  return [...beyond(values, fail), ...beyond(values, drift)]
}

/** E.g. `SSIM 0.9512 is below 0.98`. */
function beyond(measured: Measured['values'], bounds: Bounds): string[] {
  return PIXEL_METRICS.flatMap(name => {
    const limit = bounds[name]
    const value = measured[name]
    const distance = DISTANCES.has(name)
    if (limit === undefined || value === undefined || (distance ? value <= limit : value >= limit)) return []
    return [`${NAMES[name]} ${figure(value)} is ${distance ? 'above' : 'below'} ${figure(limit)}`]
  })
}

/** Enough digits that a value just beyond a limit never reads as the limit. */
function figure(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)))
}
