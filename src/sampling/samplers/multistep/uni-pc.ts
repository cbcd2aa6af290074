import type { Latent, Sampler, SamplerInput } from '../../types.js'
import { mix, steps } from '../step.js'
import { remember } from './history.js'
import { type BhVariant, bhWeights, marginal } from './uni-pc-weights.js'

const ORDER = 3
/** Stands for the 0 at the end of a schedule, whose logarithm would be infinite. */
const LAST_SIGMA = 0.001

interface Past {
  sigma: number
  denoised: Latent
}

/**
 * UniPC, predicting data (Zhao et al. 2023, arXiv:2302.04867, algorithms 5 and 8), on latents of unit variance. Each step
 * corrects the latent with the prediction made where the step before had put it; the last one only predicts.
 */
export function* uniPc({ x, sigmas, onStep }: SamplerInput, variant: BhVariant): Sampler {
  const ends = sigmas.map(sigma => (sigma === 0 ? LAST_SIGMA : sigma))
  const count = sigmas.length - 1
  const most = Math.min(ORDER, count - 1)
  let past: Past[] = []
  x = mix([1 / Math.hypot(1, sigmas[0] ?? 0), x])
  for (const { i, sigma, next } of steps(ends)) {
    const order = i < most ? i : Math.min(most, count + 1 - i)
    const predicted = i === 0 ? x : predictor(x, past, sigma, order, variant)
    const denoised = yield { x: mix([Math.hypot(1, sigma), predicted]), sigma, step: i }
    if (i > 0) x = corrector(x, past, { sigma, denoised }, order, variant)
    past = remember(past, { sigma, denoised }, Math.max(most, 1))
    if (i > 0 && i === count - 1) x = predictor(x, past, next, 1, variant)
    onStep?.(i, { x, denoised })
  }
  return mix([1 / marginal(ends.at(-1) ?? 0).alpha, x])
}

/** UniP-p: the past's predictions, extrapolated. */
function predictor(x: Latent, past: readonly Past[], sigma: number, order: number, variant: BhVariant): Latent {
  const { kept, last, differences } = bhWeights({ past: past.slice(0, order), sigma, variant, correct: false })
  return blend(x, kept, last, past, differences)
}

/** UniC-p: the past's predictions and the one at the new place. */
function corrector(x: Latent, past: readonly Past[], now: Past, order: number, variant: BhVariant): Latent {
  const { kept, last, differences } = bhWeights({
    past: past.slice(0, order),
    sigma: now.sigma,
    variant,
    correct: true,
  })
  return blend(x, kept, last, [...past.slice(0, order), now], differences)
}

/** kept·x + last·m₀ + Σ differencesᵢ·(mᵢ − m₀), with m the predictions, the last step's first. */
function blend(x: Latent, kept: number, last: number, past: readonly Past[], differences: readonly number[]): Latent {
  const [newest, ...others] = past
  const rest = differences.reduce((sum, weight) => sum + weight, 0)
  return mix(
    [kept, x],
    [last - rest, newest?.denoised ?? x],
    ...differences.map((weight, i) => [weight, others[i]?.denoised ?? x] as const),
  )
}

export function uniPcBh1(input: SamplerInput): Sampler {
  return uniPc(input, 'bh1')
}

export function uniPcBh2(input: SamplerInput): Sampler {
  return uniPc(input, 'bh2')
}
