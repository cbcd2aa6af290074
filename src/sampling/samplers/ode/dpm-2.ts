import type { Sampler, SamplerInput } from '../../types.js'
import { eulerStep, mix, slope, steps } from '../step.js'

/** DPM-Solver-2 (Lu et al. 2022, arXiv:2206.00927, algorithm 1) in sigma: the midpoint method, halfway in log sigma. */
export function* dpm2({ x, sigmas }: SamplerInput): Sampler {
  for (const { i, sigma, next } of steps(sigmas)) {
    const denoised = yield { x, sigma, step: i }
    if (next === 0) {
      x = eulerStep(x, denoised, sigma, next)
      continue
    }
    const middle = Math.sqrt(sigma * next)
    const halfway = eulerStep(x, denoised, sigma, middle)
    const denoisedHalfway = yield { x: halfway, sigma: middle }
    x = mix([1, x], [next - sigma, slope(halfway, denoisedHalfway, middle)])
  }
  return x
}
