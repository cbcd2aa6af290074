/** The blocks that UNet and ControlNet are made of (ldm openaimodel.py), told apart by the tensors they have. */
import type { Graph, Value } from '../onnx/index.js'
import type { Heads, Tokens } from './attention.js'
import { conv, conv3x3, groupNorm, linear, upsampleConv3x3 } from './layers.js'
import { spatialTransformer } from './spatial-transformer.js'
import { count, type Weights } from './weights.js'

/** What a ControlNet adds to the UNet. */
export interface Residuals {
  /** One for the result of each input block, in their order. */
  skips: readonly Value[]
  middle: Value
}

export interface UnetInputs {
  /** [n, c, h, w] */
  x: Value
  /** [n] */
  timesteps: Value
  /** [n, tokens, d] */
  context: Value
  /** [n, adm], for models with vector conditioning. */
  y?: Value
}

/** What every block is told. */
export interface Conditions {
  /** Time (and vector) embedding [n, 4·channels], through SiLU: every block would apply it first. */
  embedding: Value
  /** Text embedding. */
  context: Tokens
  heads: Heads
  /** Attention is computed in fp32, whatever the graph computes in: SD2's overflows half floats (ComfyUI: `attn_precision`). */
  upcast?: boolean
}

/** GroupNorm → SiLU → Conv, twice, with the time embedding added between. */
export function resBlock(g: Graph, x: Value, w: Weights, embedding: Value): Value {
  return g.scope(w.name, () => {
    let h = conv3x3(g, g.silu(groupNorm(g, x, w.sub('in_layers.0'), 1e-5)), w.sub('in_layers.2'))
    const time = linear(g, embedding, w.sub('emb_layers.1'))
    h = g.add(h, g.reshape(time, [...time.shape, 1, 1]))
    h = conv3x3(g, g.silu(groupNorm(g, h, w.sub('out_layers.0'), 1e-5)), w.sub('out_layers.3'))
    return g.add(w.has('skip_connection.weight') ? conv(g, x, w.sub('skip_connection')) : x, h)
  })
}

/**
 * The modules `w.0`, `w.1`, … one after the other. An upsampling reaches the size of `like`: the latent's size need not be a
 * multiple of what the downsamplings divide it by.
 */
export function block(g: Graph, x: Value, w: Weights, { embedding, ...transformer }: Conditions, like?: Value): Value {
  return g.scope(w.name, () => {
    for (let i = 0; ; i++) {
      const module = w.sub(String(i))
      if (module.has('in_layers.0.weight')) x = resBlock(g, x, module, embedding)
      else if (module.has('proj_in.weight')) x = spatialTransformer(g, x, module, transformer)
      else if (module.has('op.weight'))
        x = g.scope(module.name, () => conv(g, x, module.sub('op'), { stride: 2, padding: 1 }))
      else if (module.has('conv.weight'))
        x = g.scope(module.name, () => upsampleConv3x3(g, x, module.sub('conv'), like))
      else if (module.has('weight')) x = conv3x3(g, x, module)
      else return x
    }
  })
}

/** How many blocks `input_blocks.0`, … or `output_blocks.0`, … there are. */
export function countBlocks(w: Weights): number {
  const firsts = ['0.in_layers.0.weight', '0.op.weight', '0.weight']
  return count({ ...w, has: name => firsts.some(first => w.has(`${name}.${first}`)) }, String)
}

/** The result of each input block. `afterFirst` is added to the first: a ControlNet's hint. */
export function inputBlocks(g: Graph, x: Value, w: Weights, conditions: Conditions, afterFirst?: Value): Value[] {
  const results: Value[] = []
  for (let i = 0; i < countBlocks(w); i++) {
    x = g.scope(w.name, () => block(g, x, w.sub(String(i)), conditions))
    if (i === 0 && afterFirst !== undefined) x = g.add(x, afterFirst)
    results.push(x)
  }
  return results
}
