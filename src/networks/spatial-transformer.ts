import { type Graph, product, type Value } from '../onnx/index.js'
import { attention, type Heads } from './attention.js'
import { groupNorm, layerNorm, linear } from './layers.js'
import { count, type Weights } from './weights.js'

/**
 * Transformer over the pixels of `x` [n, c, h, w], with cross-attention to `context` [n, t, d] (ldm attention.py:
 * `SpatialTransformer`). Its projections are 1×1 convolutions in SD1 and linear layers elsewhere: the same on tokens.
 */
export function spatialTransformer(
  g: Graph,
  x: Value,
  w: Weights,
  { context, heads }: { context: Value; heads: Heads },
): Value {
  return g.scope(w.name, () => {
    const [n = 0, c = 0, h = 0, width = 0] = x.shape
    const pixels = product([h, width])
    const normed = groupNorm(g, x, w.sub('norm'), 1e-6)
    let tokens = linear(g, g.transpose(g.reshape(normed, [n, c, pixels]), [0, 2, 1]), w.sub('proj_in'))
    const depth = count(w, i => `transformer_blocks.${i}.norm1.weight`)
    for (let i = 0; i < depth; i++) {
      tokens = transformerBlock(g, tokens, w.sub(`transformer_blocks.${i}`), { context, heads })
    }
    tokens = linear(g, tokens, w.sub('proj_out'))
    return g.add(x, g.reshape(g.transpose(tokens, [0, 2, 1]), x.shape))
  })
}

/** Self-attention, cross-attention, gated feed-forward; each normed before and added after. */
function transformerBlock(g: Graph, x: Value, w: Weights, { context, heads }: { context: Value; heads: Heads }): Value {
  return g.scope(w.name, () => {
    const attend = (name: 'attn1' | 'attn2', normed: Value, to?: Value) => {
      const a = w.sub(name)
      const projections = { q: a.sub('to_q'), k: a.sub('to_k'), v: a.sub('to_v'), out: a.sub('to_out.0') }
      return g.scope(name, () =>
        attention(g, normed, projections, { heads, ...(to === undefined ? {} : { context: to }) }),
      )
    }
    x = g.add(x, attend('attn1', layerNorm(g, x, w.sub('norm1'))))
    x = g.add(x, attend('attn2', layerNorm(g, x, w.sub('norm2')), context))
    const inner = g.geglu(linear(g, layerNorm(g, x, w.sub('norm3')), w.sub('ff.net.0.proj')))
    return g.add(x, linear(g, inner, w.sub('ff.net.2')))
  })
}
