import { linspace } from '../../linspace.js'
import type { Sampler, SamplerInput } from '../../types.js'
import { firstOrder, innerPoint, predict, R1, secondOrder, thirdOrder, timeSpan } from './solver.js'

/**
 * DPM-Solver-fast (Lu et al. 2022, arXiv:2206.00927, section 3.4): third-order steps, then lower ones, evenly spaced in log sigma;
 * as many requests as the schedule has steps. Of the schedule it takes nothing but its ends.
 */
export function* dpmFast({ x, sigmas }: SamplerInput): Sampler {
  const { start, end } = timeSpan(sigmas)
  const orders = ordersOf(sigmas.length - 1)
  const times = linspace(start, end, orders.length + 1)
  for (const [i, order] of orders.entries()) {
    const [t = 0, next = 0] = times.subarray(i)
    const known = yield* predict(x, t, i)
    if (order === 1) x = firstOrder(known, next)
    else if (order === 2) x = secondOrder(known, next, 1 / 2, yield* innerPoint(known, next, 1 / 2))
    else x = yield* thirdOrder(known, next, yield* innerPoint(known, next, R1))
  }
  return x
}

function ordersOf(requests: number): number[] {
  const rest = requests % 3
  const thirds = Math.floor(requests / 3)
  if (rest > 0) return [...Array(thirds).fill(3), rest]
  return [...Array(thirds - 1).fill(3), 2, 1]
}
