import type { Graph, Value } from '../onnx/index.js'
import { linear } from './layers.js'
import type { Weights } from './weights.js'

/** Heads of an attention: their number, or the channels of each. */
export type Heads = { count: number } | { channels: number }

export interface AttentionProjections {
  q: Weights
  k: Weights
  v: Weights
  out: Weights
}

/** Multi-head attention of `x` [n, s, c] to `context` [n, t, d], or to itself. */
export function attention(
  g: Graph,
  x: Value,
  { q, k, v, out }: AttentionProjections,
  { heads, context = x, causal = false }: { heads: Heads; context?: Value; causal?: boolean },
): Value {
  const queries = linear(g, x, q)
  const [width = 0] = q.tensor('weight').shape
  const attended = g.attention({
    q: queries,
    k: linear(g, context, k),
    v: linear(g, context, v),
    heads: 'count' in heads ? heads.count : width / heads.channels,
    causal,
  })
  return linear(g, attended, out)
}
