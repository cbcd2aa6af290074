import type { Sampler, SamplerInput } from '../../types.js'
import { mix, steps } from '../step.js'

/** Latent consistency sampling (Luo et al. 2023, arXiv:2310.04378, algorithm 3): predict, add noise of the next sigma, repeat. */
export function* lcm({ x, sigmas, noise }: SamplerInput): Sampler {
  for (const { i, sigma, next } of steps(sigmas)) {
    const denoised = yield { x, sigma, step: i }
    x = next > 0 ? mix([1, denoised], [next, noise(sigma, next)]) : denoised
  }
  return x
}
