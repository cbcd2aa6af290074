import type { Dim } from '../dims.js'
import type { Value } from '../types.js'
import type { AttentionInput, PlainOps } from './lowering.js'

/** Added to scores that do not count: exp() of it is 0, and unlike −∞ it is the same in every type. */
const NEVER = -10_000

/** softmax(q·kᵀ / √(d/heads))·v per head, one operator after the other: it holds all scores [n, heads, s, t] at once. */
export function stepwiseAttention(g: PlainOps, { q, k, v, heads, causal, upcast }: AttentionInput): Value {
  const [n = 0, s = 0, width] = q.shape
  const [, t = 0] = k.shape
  if (typeof width !== 'number' || width % heads !== 0) return g.fail(`attention expects a width of ${heads} heads`)
  const size = width / heads
  const dtype = upcast ? 'float32' : q.dtype
  const split = (x: Value, length: Dim, order: readonly number[]) =>
    g.transpose(g.reshape(g.cast(x, dtype), [n, length, heads, size]), order)
  const multiply = (a: Value, b: Value, shape: readonly Dim[]) =>
    g.node({ op: 'MatMul', inputs: [a, b] }, { dtype, shape })

  const queries = g.mul(split(q, s, [0, 2, 1, 3]), g.cast(g.float(size ** -0.5), dtype))
  const scores = multiply(queries, split(k, t, [0, 2, 3, 1]), [n, heads, s, t])
  const masked = causal ? g.add(scores, g.cast(futureMask(g, s), dtype)) : scores
  const weights = g.node({ op: 'Softmax', inputs: [masked], attributes: { axis: { int: -1 } } }, masked)
  const attended = multiply(weights, split(v, t, [0, 2, 1, 3]), [n, heads, s, size])
  return g.cast(g.reshape(g.transpose(attended, [0, 2, 1, 3]), q.shape), q.dtype)
}

/** [length, length]: 0 where a position may look, on itself and those before it. */
function futureMask(g: PlainOps, length: Dim): Value {
  if (typeof length !== 'number') return g.fail('causal attention expects a known number of positions')
  const mask = Float32Array.from({ length: length ** 2 }, (_, i) => (i % length > Math.floor(i / length) ? NEVER : 0))
  return g.tensor(`future(${length})`, mask, [length, length])
}
