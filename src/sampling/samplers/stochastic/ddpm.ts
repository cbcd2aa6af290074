import type { Sampler, SamplerInput } from '../../types.js'
import { mix, slope, steps } from '../step.js'

const f32 = Math.fround

/** DDPM (Ho et al. 2020, arXiv:2006.11239, algorithm 2) over uneven steps, on latents of unit variance. */
export function* ddpm({ x, sigmas, noise }: SamplerInput): Sampler {
  for (const { i, sigma, next } of steps(sigmas)) {
    const denoised = yield { x, sigma, step: i }
    const { kept, removed, added } = ddpmWeights(sigma, next)
    const scale = next === 0 ? 1 : Math.sqrt(1 + next ** 2)
    const fresh = next > 0 ? ([[scale * added, noise(sigma, next)]] as const) : []
    x = mix([(scale * kept) / Math.sqrt(1 + sigma ** 2), x], [-scale * removed, slope(x, denoised, sigma)], ...fresh)
  }
  return x
}

/** Shares of the latent, of the noise it holds and of fresh noise. Rounded like the reference: 1 − ᾱ loses digits for small sigmas. */
function ddpmWeights(sigma: number, next: number): { kept: number; removed: number; added: number } {
  const signal = (at: number): number => f32(1 / f32(f32(at * at) + 1))
  const [cumprod, cumprodNext] = [signal(sigma), signal(next)]
  const alpha = f32(cumprod / cumprodNext)
  const beta = f32(1 - alpha)
  const rest = f32(1 - cumprod)
  const kept = f32(Math.sqrt(f32(1 / alpha)))
  return {
    kept,
    removed: (kept * beta) / f32(Math.sqrt(rest)),
    added: f32(Math.sqrt(f32(f32(beta * f32(1 - cumprodNext)) / rest))),
  }
}
