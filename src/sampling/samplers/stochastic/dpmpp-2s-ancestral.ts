import type { Sampler, SamplerInput } from '../../types.js'
import { eulerStep, mix, steps } from '../step.js'
import { ancestralStep } from './ancestral.js'

/** Ancestral sampling with DPM-Solver++(2S) (Lu et al. 2022, arXiv:2211.01095, algorithm 1), halfway in log sigma. */
export function* dpmpp2sAncestral({ x, sigmas, noise }: SamplerInput): Sampler {
  for (const { i, sigma, next } of steps(sigmas)) {
    const denoised = yield { x, sigma, step: i }
    const { down, up } = ancestralStep(sigma, next)
    if (down === 0) {
      x = eulerStep(x, denoised, sigma, down)
    } else {
      const middle = Math.sqrt(sigma * down)
      const halfway = eulerStep(x, denoised, sigma, middle)
      const denoisedHalfway = yield { x: halfway, sigma: middle }
      x = eulerStep(x, denoisedHalfway, sigma, down)
    }
    if (next > 0) x = mix([1, x], [up, noise(sigma, next)])
  }
  return x
}
