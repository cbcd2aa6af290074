/** Last gate: do the pictures show the same? Identical where that can be expected, else by several metrics at once. */
import { meanRgbDelta } from '../metrics/mean-rgb.js'
import { ncc } from '../metrics/ncc.js'
import { type Picture, shapeOf } from '../metrics/picture.js'
import { psnr } from '../metrics/psnr.js'
import { ssim } from '../metrics/ssim.js'
import type { GateResult } from '../run-schema.js'
import { type Bounds, PIXEL_METRICS, type PixelLimits, type PixelMetric } from './limits.js'

/** A picture and the hash of its pixels. */
export interface Hashed {
  sha256: string
  picture: Picture
}

interface PixelInput {
  candidate: readonly Hashed[]
  golden: readonly Hashed[]
  limits: PixelLimits
  /** Said of pictures that are close but not identical where that is as it should be. */
  closeIsFine: string
}

export function pixelGate({ candidate, golden, limits, closeIsFine }: PixelInput): GateResult {
  if (candidate.length !== golden.length) {
    return {
      gate: 'pixels',
      verdict: 'fail',
      reason: `there are ${candidate.length} pictures, the golden has ${golden.length}`,
      metrics: {},
    }
  }
  const judged = candidate.map((image, index) => judgePicture(image, golden[index] ?? image, limits))
  const worst = judged.reduce((a, b) => (rank(b) > rank(a) ? b : a))
  const index = judged.indexOf(worst)
  const which = candidate.length === 1 ? '' : `picture ${index}: `
  const close = worst.verdict === 'pass' && !worst.identical ? `, ${closeIsFine}` : ''
  const metrics = candidate.length === 1 ? worst.metrics : { ...worst.metrics, image: index }
  return { gate: 'pixels', verdict: worst.verdict, reason: `${which}${worst.reason}${close}`, metrics }
}

interface Judged extends Pick<GateResult, 'reason' | 'metrics'> {
  verdict: 'pass' | 'drift' | 'fail'
  identical: boolean
}

/** The worse verdict first, then the less alike. */
function rank({ verdict, identical, metrics }: Judged): number {
  return { pass: 0, drift: 10, fail: 20 }[verdict] + (identical ? 0 : 2 - (metrics.ssim ?? 0))
}

function judgePicture(a: Hashed, b: Hashed, limits: PixelLimits): Judged {
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
      metrics: { ssim: 1, worst_block: 1, mean_rgb: 0, ncc: 1 },
    }
  }
  const similarity = ssim(a.picture, b.picture)
  const { worst } = similarity
  const measured: Record<PixelMetric, number> = {
    ssim: similarity.mean,
    worst_block: worst.value,
    psnr: psnr(a.picture, b.picture),
    mean_rgb: meanRgbDelta(a.picture, b.picture),
    ncc: ncc(a.picture, b.picture),
  }
  const metrics: GateResult['metrics'] = { ...measured, worst_block_x: worst.x, worst_block_y: worst.y }
  for (const [name, limit] of [...Object.entries(limits.drift), ...Object.entries(limits.fail)])
    metrics[`limit_${name}`] = limit
  const where = `the worst block is at ${worst.x},${worst.y}`
  const failed = beyond(measured, limits.fail)
  if (failed.length > 0)
    return { verdict: 'fail', identical: false, reason: `another picture: ${failed.join(', ')}; ${where}`, metrics }
  const drifted = beyond(measured, limits.drift)
  if (drifted.length > 0)
    return { verdict: 'drift', identical: false, reason: `drifted: ${drifted.join(', ')}; ${where}`, metrics }
  const figures = `SSIM ${figure(measured.ssim)}, PSNR ${measured.psnr.toFixed(1)} dB`
  if (limits.exact) {
    return {
      verdict: 'drift',
      identical: false,
      reason: `close to the golden (${figures}) but not identical, as this machine drew it before`,
      metrics,
    }
  }
  return { verdict: 'pass', identical: false, reason: `close to the golden: ${figures}`, metrics }
}

const NAMES: Record<PixelMetric, string> = {
  ssim: 'SSIM',
  worst_block: 'SSIM of the worst block',
  psnr: 'PSNR',
  mean_rgb: 'difference of mean colour',
  ncc: 'correlation',
}

/** E.g. `SSIM 0.9512 is below 0.98`. */
function beyond(measured: Record<PixelMetric, number>, bounds: Bounds): string[] {
  return PIXEL_METRICS.flatMap(name => {
    const limit = bounds[name]
    const value = measured[name]
    if (limit === undefined || (name === 'mean_rgb' ? value <= limit : value >= limit)) return []
    return [`${NAMES[name]} ${figure(value)} is ${name === 'mean_rgb' ? 'above' : 'below'} ${limit}`]
  })
}

/** Enough digits that a value just beyond a limit never reads as the limit. */
function figure(value: number): string {
  return value.toPrecision(4)
}
