import type { Latent, Sampler, SamplerInput } from '../../types.js'
import { eulerStep, mix, slope, steps } from '../step.js'

/** Gradient estimation with γ = 2 (Permenter and Yuan 2023, arXiv:2306.04848): Euler's step along d + (γ − 1)(d − previous d). */
export function* gradientEstimation({ x, sigmas }: SamplerInput): Sampler {
  let previous: Latent | undefined
  for (const { i, sigma, next } of steps(sigmas)) {
    const denoised = yield { x, sigma, step: i }
    const d = slope(x, denoised, sigma)
    const length = next - sigma
    if (next === 0) x = denoised
    else if (previous) x = mix([1, x], [2 * length, d], [-length, previous])
    else x = eulerStep(x, denoised, sigma, next)
    previous = d
  }
  return x
}
