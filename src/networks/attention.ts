import { type AttentionInput, type Dim, type Graph, product, type Value } from '../onnx/index.js'
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

/** `n` sequences of `length` vectors, one below the other: layers multiply matrices, only attention tells sequences apart. */
export interface Tokens {
  /** [n·length, d] */
  rows: Value
  n: Dim
  length: Dim
}

/** The tokens of a tensor [n, length, d]. */
export function tokensOf(g: Graph, x: Value): Tokens {
  const [n = 0, length = 0, d = 0] = x.shape
  return { rows: g.reshape(x, [product([n, length]), d]), n, length }
}

/** Multi-head attention of `x` to `context`, or to itself: rows as many as those of `x`. */
export function attention(
  g: Graph,
  x: Tokens,
  { q, k, v, out }: AttentionProjections,
  { heads, context = x, ...how }: { heads: Heads; context?: Tokens } & Pick<AttentionInput, 'causal' | 'upcast'>,
): Value {
  const [width = 0] = q.tensor('weight').shape
  const sequences = ({ n, length }: Tokens, rows: Value) => g.reshape(rows, [n, length, width])
  const attended = g.attention({
    q: sequences(x, linear(g, x.rows, q)),
    k: sequences(context, linear(g, context.rows, k)),
    v: sequences(context, linear(g, context.rows, v)),
    heads: 'count' in heads ? heads.count : width / heads.channels,
    ...how,
  })
  return linear(g, tokensOf(g, attended).rows, out)
}
