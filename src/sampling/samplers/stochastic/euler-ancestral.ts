import type { Sampler, SamplerInput } from '../../types.js'
import { eulerStep, mix, steps } from '../step.js'
import { ancestralStep } from './ancestral.js'

/** Ancestral sampling with Euler's method. */
export function* eulerAncestral({ x, sigmas, noise }: SamplerInput): Sampler {
  for (const { i, sigma, next } of steps(sigmas)) {
    const denoised = yield { x, sigma, step: i }
    const { down, up } = ancestralStep(sigma, next)
    x = down === 0 ? denoised : mix([1, eulerStep(x, denoised, sigma, down)], [up, noise(sigma, next)])
  }
  return x
}
