import type { Sampler, SamplerInput } from '../../types.js'
import { eulerStep, mix, slope, steps } from '../step.js'

/** Heun's method: Karras et al. 2022 (arXiv:2206.00364), algorithm 2 without churn. The last step is Euler's. */
export function* heun({ x, sigmas }: SamplerInput): Sampler {
  for (const { i, sigma, next } of steps(sigmas)) {
    const denoised = yield { x, sigma, step: i }
    const ahead = eulerStep(x, denoised, sigma, next)
    if (next === 0) {
      x = ahead
      continue
    }
    const denoisedAhead = yield { x: ahead, sigma: next }
    const half = (next - sigma) / 2
    x = mix([1, x], [half, slope(x, denoised, sigma)], [half, slope(ahead, denoisedAhead, next)])
  }
  return x
}
