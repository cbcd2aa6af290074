import type { Latent, Sampler, SamplerInput } from '../../types.js'
import { mix, slope, steps } from '../step.js'
import { remember } from './history.js'

/** Adams–Bashforth's weights for even steps, by how many slopes there are, the newest first. */
const WEIGHTS = [[1], [3 / 2, -1 / 2], [23 / 12, -16 / 12, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -9 / 24]] as const

/** Improved PNDM (Zhang and Chen 2022, arXiv:2204.13902; Liu et al. 2022, arXiv:2202.09778): Adams–Bashforth as if steps were even. */
export function* ipndm({ x, sigmas, onStep }: SamplerInput): Sampler {
  const first = x
  let slopes: Latent[] = []
  for (const { i, sigma, next } of steps(sigmas)) {
    const denoised = yield { x, sigma, step: i }
    onStep?.(i, { x: first, denoised })
    slopes = remember(slopes, slope(x, denoised, sigma), WEIGHTS.length)
    const weights = WEIGHTS[slopes.length - 1] ?? []
    x = next === 0 ? denoised : mix([1, x], ...slopes.map((d, j) => [(next - sigma) * (weights[j] ?? 0), d] as const))
  }
  return x
}
