import type { Latent, Sampler, SamplerInput } from '../../types.js'
import { eulerStep, mix, steps } from '../step.js'

/** RES, second-order multistep without noise (Zhang et al. 2023, arXiv:2308.02157). */
export function* resMultistep({ x, sigmas }: SamplerInput): Sampler {
  let previous: { denoised: Latent; sigma: number } | undefined
  for (const { i, sigma, next } of steps(sigmas)) {
    const denoised = yield { x, sigma, step: i }
    if (next === 0 || !previous) {
      x = eulerStep(x, denoised, sigma, next)
    } else {
      const h = Math.log(sigma / next)
      const c2 = Math.log(sigma / previous.sigma) / h
      const phi1 = Math.expm1(-h) / -h
      const phi2 = (phi1 - 1) / -h
      x = mix([Math.exp(-h), x], [h * (phi1 - phi2 / c2), denoised], [(h * phi2) / c2, previous.denoised])
    }
    previous = { denoised, sigma }
  }
  return x
}
