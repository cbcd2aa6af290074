import type { Dim } from '../dims.js'
import type { Value } from '../types.js'
import type { Lowering, PlainOps } from './lowering.js'
import { portable } from './portable.js'

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
      const wide = input.heads === 1 && !input.causal && typeof width === 'number' && width > FUSED_HEAD
      return wide ? singleHead(g, input, width) : base.attention(input)
    },
  }
}

/** softmax(q·kᵀ / √width)·v, one operator after the other. */
function singleHead(g: PlainOps, { q, k, v }: { q: Value; k: Value; v: Value }, width: number): Value {
  const [n = 0, s = 0] = q.shape
  const [, t = 0] = k.shape
  const multiply = (a: Value, b: Value, shape: readonly Dim[]) =>
    g.node({ op: 'MatMul', inputs: [a, b] }, { dtype: a.dtype, shape })
  const scaled = g.mul(q, g.cast(g.float(width ** -0.5), q.dtype))
  const scores = multiply(scaled, g.transpose(k, [0, 2, 1]), [n, s, t])
  const weights = g.node({ op: 'Softmax', inputs: [scores], attributes: { axis: { int: -1 } } }, scores)
  return multiply(weights, v, [n, s, width])
}
