import type { Latent, Sampler, SamplerInput } from '../../types.js'
import { mix, slope, steps } from '../step.js'
import { deisTimes, deisWeights } from './deis-weights.js'
import { remember } from './history.js'

const ORDER = 3

/** DEIS, tAB variant of order 3 (Zhang and Chen 2022, arXiv:2204.13902). */
export function* deis({ x, sigmas, onStep }: SamplerInput): Sampler {
  const first = x
  const times = deisTimes(sigmas)
  let slopes: Latent[] = []
  for (const { i, sigma, next } of steps(sigmas)) {
    const denoised = yield { x, sigma, step: i }
    onStep?.(i, { x: first, denoised })
    slopes = remember(slopes, slope(x, denoised, sigma), ORDER)
    if (next <= 0 || slopes.length === 1) {
      x = mix([next / sigma, x], [1 - next / sigma, denoised])
    } else {
      const weights = deisWeights(times, i, slopes.length)
      x = mix([1, x], ...slopes.map((d, j) => [weights[j] ?? 0, d] as const))
    }
  }
  return x
}
