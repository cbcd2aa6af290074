/** What samplers share: the pairs of sigmas they walk, and weighted sums of latents. */
import type { DenoiseRequest, Latent } from '../types.js'

/** A part of a sampler: asks for denoised latents on the way to its result. */
export type Part<Result> = Generator<DenoiseRequest, Result, Latent>

export interface Step {
  i: number
  sigma: number
  /** 0 at the last step of most schedules. */
  next: number
}

/** Each sigma with the one after it. */
export function* steps(sigmas: Float32Array): Generator<Step, void, void> {
  for (let i = 0; i + 1 < sigmas.length; i++) yield { i, sigma: sigmas[i] as number, next: sigmas[i + 1] as number }
}

/** Σ weight·latent, summed in double precision and rounded once. */
export function mix(...terms: readonly (readonly [weight: number, latent: Latent])[]): Latent {
  const [[, first = new Float32Array()] = []] = terms
  const total = new Float64Array(first.length)
  for (const [weight, latent] of terms)
    for (let i = 0; i < total.length; i++) total[i] = (total[i] as number) + weight * (latent[i] as number)
  return Float32Array.from(total)
}

/** Slope of the probability-flow ODE, dx/dσ (Karras et al. 2022, arXiv:2206.00364, algorithm 1): the noise that x holds. */
export function slope(x: Latent, denoised: Latent, sigma: number): Latent {
  return mix([1 / sigma, x], [-1 / sigma, denoised])
}

/** Euler's step from sigma to another: the share of noise shrinks, that of the prediction grows. */
export function eulerStep(x: Latent, denoised: Latent, sigma: number, to: number): Latent {
  return mix([to / sigma, x], [1 - to / sigma, denoised])
}
