import type { Lowering, PlainOps } from './lowering.js'
import { portable } from './portable.js'
import { stepwiseAttention } from './stepwise-attention.js'

/** Widest head that the fused attention of ONNX Runtime's CUDA provider runs on every card. */
const FUSED_HEAD = 256

/**
 * What CUDA does better another way. A single head of 512 channels, the VAE's, is more than the fused attention's shared
 * memory holds on some cards, where the launch fails; it is computed step by step instead.
 */
export function cuda(g: PlainOps): Lowering {
  const base = portable(g)
  return {
    ...base,
    attention(input) {
      const width = input.q.shape.at(-1)
      const wide = typeof width === 'number' && width / input.heads > FUSED_HEAD
      return wide ? stepwiseAttention(g, input) : base.attention(input)
    },
  }
}
