import type { Lowering, PlainOps } from './lowering.js'
import { portable } from './portable.js'
import { stepwiseAttention } from './stepwise-attention.js'

/** The portable operators without the fused attention, for devices that compute it wrongly. */
export function plain(g: PlainOps): Lowering {
  return { ...portable(g), attention: input => stepwiseAttention(g, input) }
}
