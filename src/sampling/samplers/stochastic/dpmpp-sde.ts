import type { Sampler, SamplerInput } from '../../types.js'
import { eulerStep, mix, steps } from '../step.js'
import { ancestralStep } from './ancestral.js'
import { halfwayInLogSigma } from './log-sigma.js'

/** DPM-Solver++ (stochastic), singlestep of second order with the midpoint in log sigma (Lu et al. 2022, arXiv:2211.01095). */
export function* dpmppSde({ x, sigmas, noise }: SamplerInput): Sampler {
  for (const { i, sigma, next } of steps(sigmas)) {
    const denoised = yield { x, sigma, step: i }
    if (next === 0) {
      x = denoised
      continue
    }
    const middle = halfwayInLogSigma(sigma, next)
    const half = ancestralStep(sigma, middle)
    const halfway = mix([1, eulerStep(x, denoised, sigma, half.down)], [half.up, noise(sigma, middle)])
    const denoisedHalfway = yield { x: halfway, sigma: middle }
    const whole = ancestralStep(sigma, next)
    x = mix([1, eulerStep(x, denoisedHalfway, sigma, whole.down)], [whole.up, noise(sigma, next)])
  }
  return x
}
