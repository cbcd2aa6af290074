import type { Sampler, SamplerInput } from '../../types.js'
import { eulerStep, steps } from '../step.js'

/** Euler's method: Karras et al. 2022 (arXiv:2206.00364), algorithm 2 without churn. DDIM (arXiv:2010.02502) is the same step. */
export function* euler({ x, sigmas }: SamplerInput): Sampler {
  for (const { i, sigma, next } of steps(sigmas)) {
    const denoised = yield { x, sigma, step: i }
    x = eulerStep(x, denoised, sigma, next)
  }
  return x
}
