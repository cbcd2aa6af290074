import type { Latent, Sampler, SamplerInput } from '../../types.js'
import { mix, slope, steps } from '../step.js'
import { remember } from './history.js'

const ORDER = 4

/** Linear multistep method (Adams–Bashforth over uneven sigmas), of order 4 once there are four slopes. */
export function* lms({ x, sigmas }: SamplerInput): Sampler {
  let slopes: Latent[] = []
  for (const { i, sigma, next } of steps(sigmas)) {
    const denoised = yield { x, sigma, step: i }
    slopes = remember(slopes, slope(x, denoised, sigma), ORDER)
    const nodes = [...sigmas.subarray(Math.max(0, i + 1 - ORDER), i + 1)].reverse()
    x = next === 0 ? denoised : mix([1, x], ...slopes.map((d, j) => [integral(nodes, j, sigma, next), d] as const))
  }
  return x
}

/** Of the j-th Lagrange polynomial of the nodes. Two points of Gauss–Legendre are exact for its degree of 3 at most. */
function integral(nodes: readonly number[], j: number, from: number, to: number): number {
  const node = nodes[j] ?? 0
  const polynomial = (at: number): number =>
    nodes.reduce((product, other, k) => (k === j ? product : (product * (at - other)) / (node - other)), 1)
  const [middle, half] = [(from + to) / 2, (to - from) / 2]
  const offset = half / Math.sqrt(3)
  return half * (polynomial(middle - offset) + polynomial(middle + offset))
}
