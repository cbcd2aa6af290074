import type { Latent, Sampler, SamplerInput } from '../../types.js'
import { mix, steps } from '../step.js'

interface Past {
  denoised: Latent
  h: number
}

/** DPM-Solver++(3M) SDE, η = 1 (Lu et al. 2022, arXiv:2211.01095; the third order is k-diffusion's). */
export function* dpmpp3mSde({ x, sigmas, noise }: SamplerInput): Sampler {
  let [last, beforeLast]: (Past | undefined)[] = []
  for (const { i, sigma, next } of steps(sigmas)) {
    const denoised = yield { x, sigma, step: i }
    if (next === 0) {
      x = denoised
      continue
    }
    const h = Math.log(sigma / next)
    const share = -Math.expm1(-2 * h)
    const terms: [number, Latent][] = [
      [(next / sigma) * Math.exp(-h), x],
      [share, denoised],
    ]
    if (last) terms.push(...correction({ denoised, h }, last, beforeLast))
    x = mix(...terms, [next * Math.sqrt(share), noise(sigma, next)])
    ;[last, beforeLast] = [{ denoised, h }, last]
  }
  return x
}

/** First and, where the past allows, second differences of the predictions, weighted by φ₂ and φ₃ of 2h. */
function correction({ denoised, h }: Past, last: Past, beforeLast: Past | undefined): [number, Latent][] {
  const phi2 = Math.expm1(-2 * h) / (2 * h) + 1
  const r0 = last.h / h
  const first = mix([1 / r0, denoised], [-1 / r0, last.denoised])
  if (!beforeLast) return [[phi2, first]]
  const r1 = beforeLast.h / h
  const phi3 = phi2 / (2 * h) - 0.5
  const second = mix([1 / r1, last.denoised], [-1 / r1, beforeLast.denoised])
  const curvature = (phi2 * r0 - phi3) / (r0 + r1)
  return [
    [phi2 + curvature, first],
    [-curvature, second],
  ]
}
