import type { Latent, Sampler, SamplerInput } from '../../types.js'
import { innerPoint, predict, R1, secondOrder, thirdOrder, timeSpan } from './solver.js'

const RELATIVE_TOLERANCE = 0.05
const ABSOLUTE_TOLERANCE = 0.0078
const FIRST_STEP = 0.05
/** A step is accepted where the controller would not shrink the next one below this. */
const ACCEPT_SAFETY = 0.81
const ORDER = 3

/**
 * DPM-Solver-23 with an adaptive step size (Lu et al. 2022, arXiv:2206.00927, appendix C): takes of the schedule nothing but its
 * ends, and as many steps as the error asks for. The error is that of the whole batch.
 */
export function* dpmAdaptive({ x, sigmas, onStep }: SamplerInput): Sampler {
  const { start, end } = timeSpan(sigmas)
  let t = start
  let length = FIRST_STEP
  let lowBefore = x
  for (let step = 0; t < end - 1e-5; step++) {
    const next = Math.min(end, t + length)
    const known = yield* predict(x, t, step)
    const inner = yield* innerPoint(known, next, R1)
    const low = secondOrder(known, next, R1, inner)
    const high = yield* thirdOrder(known, next, inner)
    // An integral controller: the error's cube root, bounded by an arc tangent.
    const factor = 1 + Math.atan((1 / (errorOf(low, high, lowBefore) + 1e-8)) ** (1 / ORDER) - 1)
    if (factor >= ACCEPT_SAFETY) [x, t, lowBefore] = [high, next, low]
    length *= factor
    onStep?.(step, { x, denoised: known.denoised })
  }
  return x
}

/** Root mean square of the difference, in units of the tolerance. */
function errorOf(low: Latent, high: Latent, before: Latent): number {
  let sum = 0
  for (let i = 0; i < low.length; i++) {
    const value = low[i] as number
    const size = Math.max(Math.abs(value), Math.abs(before[i] as number))
    sum += ((value - (high[i] as number)) / Math.max(ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE * size)) ** 2
  }
  return Math.sqrt(sum / low.length)
}
