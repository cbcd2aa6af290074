import type { Latent, Sampler, SamplerInput } from '../../types.js'
import { eulerStep, mix, steps } from '../step.js'

/** DPM-Solver++(2M) (Lu et al. 2022, arXiv:2211.01095, algorithm 2). The first and the last step are of first order. */
export function* dpmpp2m({ x, sigmas }: SamplerInput): Sampler {
  let previous: { denoised: Latent; sigma: number } | undefined
  for (const { i, sigma, next } of steps(sigmas)) {
    const denoised = yield { x, sigma, step: i }
    if (next === 0 || !previous) {
      x = eulerStep(x, denoised, sigma, next)
    } else {
      const r = Math.log(previous.sigma / sigma) / Math.log(sigma / next)
      const share = 1 - next / sigma
      const ahead = 1 / (2 * r)
      x = mix([next / sigma, x], [share * (1 + ahead), denoised], [-share * ahead, previous.denoised])
    }
    previous = { denoised, sigma }
  }
  return x
}
