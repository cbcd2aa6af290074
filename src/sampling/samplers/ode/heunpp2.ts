import type { Sampler, SamplerInput } from '../../types.js'
import { eulerStep, mix, slope, steps } from '../step.js'

/** Heun++: slopes at this sigma and the next two, the later the lighter (Carzit, sd-webui-samplers-scheduler). */
export function* heunpp2({ x, sigmas }: SamplerInput): Sampler {
  const top = sigmas[0] ?? 0
  const end = sigmas.at(-1) ?? 0
  for (const { i, sigma, next } of steps(sigmas)) {
    const denoised = yield { x, sigma, step: i }
    const d = slope(x, denoised, sigma)
    const ahead = eulerStep(x, denoised, sigma, next)
    const afterNext = sigmas[i + 2] ?? end
    const length = next - sigma
    if (next === end) {
      x = ahead
      continue
    }
    const denoisedAhead = yield { x: ahead, sigma: next }
    const dAhead = slope(ahead, denoisedAhead, next)
    if (afterNext === end) {
      const weight = next / (2 * top)
      x = mix([1, x], [length * (1 - weight), d], [length * weight, dAhead])
      continue
    }
    const farther = eulerStep(ahead, denoisedAhead, next, afterNext)
    const denoisedFarther = yield { x: farther, sigma: afterNext }
    const dFarther = slope(farther, denoisedFarther, afterNext)
    const [weight, fartherWeight] = [next / (3 * top), afterNext / (3 * top)]
    x = mix(
      [1, x],
      [length * (1 - weight - fartherWeight), d],
      [length * weight, dAhead],
      [length * fartherWeight, dFarther],
    )
  }
  return x
}
