import type { Latent, Sampler, SamplerInput } from '../../types.js'
import { mix, steps } from '../step.js'

/** DPM-Solver++(2M) SDE, midpoint, η = 1 (Lu et al. 2022, arXiv:2211.01095, section 5). */
export function* dpmpp2mSde({ x, sigmas, noise }: SamplerInput): Sampler {
  let previous: { denoised: Latent; h: number } | undefined
  for (const { i, sigma, next } of steps(sigmas)) {
    const denoised = yield { x, sigma, step: i }
    if (next === 0) {
      x = denoised
      continue
    }
    const h = Math.log(sigma / next)
    const share = -Math.expm1(-2 * h)
    const ahead = previous ? (0.5 * share * h) / previous.h : 0
    x = mix(
      [(next / sigma) * Math.exp(-h), x],
      [share + ahead, denoised],
      [-ahead, previous?.denoised ?? denoised],
      [next * Math.sqrt(share), noise(sigma, next)],
    )
    previous = { denoised, h }
  }
  return x
}
