import { type Graph, product, type Value } from '../onnx/index.js'
import { attention, type Heads, type Tokens, tokensOf } from './attention.js'
import { groupNorm, layerNorm, linear } from './layers.js'
import { count, type Weights } from './weights.js'

interface Context {
  context: Tokens
  heads: Heads
  /** Attention is computed in fp32. */
  upcast?: boolean | undefined
}

/**
 * Transformer over the pixels of `x` [n, c, h, w], with cross-attention to the context (ldm attention.py:
 * `SpatialTransformer`). Its projections are 1×1 convolutions in SD1 and linear layers elsewhere: the same on tokens.
 */
export function spatialTransformer(g: Graph, x: Value, w: Weights, context: Context): Value {
  return g.scope(w.name, () => {
    const normed = groupNorm(g, x, w.sub('norm'), 1e-6)
    const pixels = pixelTokens(g, normed)
    let rows = linear(g, pixels.rows, w.sub('proj_in'))
    const depth = count(w, i => `transformer_blocks.${i}.norm1.weight`)
    for (let i = 0; i < depth; i++) {
      rows = transformerBlock(g, { ...pixels, rows }, w.sub(`transformer_blocks.${i}`), context)
    }
    return g.add(x, pixelImage(g, linear(g, rows, w.sub('proj_out')), x))
  })
}

/** The pixels of [n, c, h, w] as tokens of c channels. */
export function pixelTokens(g: Graph, x: Value): Tokens {
  const [n = 0, c = 0, h = 0, w = 0] = x.shape
  return tokensOf(g, g.transpose(g.reshape(x, [n, c, product([h, w])]), [0, 2, 1]))
}

/** Rows of pixels as an image of the shape of `like`. */
export function pixelImage(g: Graph, rows: Value, like: Value): Value {
  const [n = 0, c = 0, h = 0, w = 0] = like.shape
  return g.reshape(g.transpose(g.reshape(rows, [n, product([h, w]), c]), [0, 2, 1]), like.shape)
}

/** Self-attention, cross-attention, gated feed-forward; each normed before and added after. */
function transformerBlock(g: Graph, x: Tokens, w: Weights, { context, ...how }: Context): Value {
  return g.scope(w.name, () => {
    const attend = (name: 'attn1' | 'attn2', rows: Value, to: { context?: Tokens }) => {
      const a = w.sub(name)
      const projections = { q: a.sub('to_q'), k: a.sub('to_k'), v: a.sub('to_v'), out: a.sub('to_out.0') }
      return g.scope(name, () => attention(g, { ...x, rows }, projections, { ...how, ...to }))
    }
    let { rows } = x
    rows = g.add(rows, attend('attn1', layerNorm(g, rows, w.sub('norm1')), {}))
    rows = g.add(rows, attend('attn2', layerNorm(g, rows, w.sub('norm2')), { context }))
    const inner = g.geglu(linear(g, layerNorm(g, rows, w.sub('norm3')), w.sub('ff.net.0.proj')))
    return g.add(rows, linear(g, inner, w.sub('ff.net.2')))
  })
}
