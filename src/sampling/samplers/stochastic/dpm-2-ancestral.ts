import type { Sampler, SamplerInput } from '../../types.js'
import { eulerStep, mix, slope, steps } from '../step.js'
import { ancestralStep } from './ancestral.js'

/** Ancestral sampling with DPM-Solver-2 (Lu et al. 2022, arXiv:2206.00927, algorithm 1) in sigma. */
export function* dpm2Ancestral({ x, sigmas, noise }: SamplerInput): Sampler {
  for (const { i, sigma, next } of steps(sigmas)) {
    const denoised = yield { x, sigma, step: i }
    const { down, up } = ancestralStep(sigma, next)
    if (down === 0) {
      x = eulerStep(x, denoised, sigma, down)
      continue
    }
    const middle = Math.sqrt(sigma * down)
    const halfway = eulerStep(x, denoised, sigma, middle)
    const denoisedHalfway = yield { x: halfway, sigma: middle }
    x = mix([1, x], [down - sigma, slope(halfway, denoisedHalfway, middle)], [up, noise(sigma, next)])
  }
  return x
}
