import type { Latent, Sampler, SamplerInput } from '../../types.js'
import { mix, steps } from '../step.js'

/** Points of the sums that stand for integrals. */
const POINTS = 200

/** ER-SDE-Solver-3 of Cui et al. 2023 (arXiv:2309.06169). */
export function* erSde({ x, sigmas, noise }: SamplerInput): Sampler {
  let previous: { denoised: Latent; change?: Latent } | undefined
  for (const { i, sigma, next } of steps(sigmas)) {
    const denoised = yield { x, sigma, step: i }
    if (next === 0) return denoised
    const ratio = noiseScale(next) / noiseScale(sigma)
    const terms: [number, Latent][] = [
      [ratio, x],
      [1 - ratio, denoised],
    ]
    let change: Latent | undefined
    if (previous) {
      const length = next - sigma
      const before = sigmas[i - 1] ?? 0
      change = slopeBetween(denoised, previous.denoised, sigma - before)
      terms.push([length + noiseScale(next) * integral(sigma, next, () => 1), change])
      if (previous.change) {
        const curvature = slopeBetween(change, previous.change, (sigma - (sigmas[i - 2] ?? 0)) / 2)
        const weight = length ** 2 / 2 + noiseScale(next) * integral(sigma, next, at => at - sigma)
        terms.push([weight, curvature])
      }
    }
    const variance = next ** 2 - sigma ** 2 * ratio ** 2
    x = mix(...terms, [Math.sqrt(Math.max(variance, 0)), noise(sigma, next)])
    previous = { denoised, ...(change ? { change } : {}) }
  }
  return x
}

/** φ of the paper: how strong the noise is at a sigma. */
function noiseScale(sigma: number): number {
  return sigma * (Math.exp(sigma ** 0.3) + 10)
}

/** ∫ f/noiseScale from `next` up to `sigma`, as the sum over the lower ends of even parts. */
function integral(sigma: number, next: number, f: (at: number) => number): number {
  const width = (sigma - next) / POINTS
  let sum = 0
  for (let point = 0; point < POINTS; point++) {
    const at = next + point * width
    sum += f(at) / noiseScale(at)
  }
  return sum * width
}

function slopeBetween(now: Latent, before: Latent, distance: number): Latent {
  return mix([1 / distance, now], [-1 / distance, before])
}
