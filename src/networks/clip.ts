/** CLIP's text encoder (Radford et al. 2021, arXiv:2103.00020), in the layouts of transformers and of OpenCLIP. */
import type { Checkpoint, TensorEntry } from '../models/checkpoint.js'
import type { TextEncoderFacts } from '../models/facts.js'
import { type BuiltGraph, createGraph, type Graph, type Value } from '../onnx/index.js'
import { attention, type Tokens, tokensOf } from './attention.js'
import { layerNorm, linear } from './layers.js'
import { type LoraLayer, layersUnder, withLoraInputs } from './lora.js'
import { openClipAsClip } from './open-clip.js'
import type { BuildOptions } from './options.js'
import { parameter, type Weights, weightsOf } from './weights.js'

/** Positions of a chunk: every CLIP has as many. */
const TOKENS = 77

export interface TextEncoderOptions extends Pick<BuildOptions, 'profile'> {
  /** Layers whose LoRA factors are inputs; the weights are merged with them when the graph runs. @default none */
  lora?: readonly LoraLayer[] | undefined
}

/**
 * Builds a text encoder without its token table, whose rows the caller looks up (see {@link tokenTable}).
 *
 * Inputs: `embeds` fp32 [n, 77, width], rows of the token table or of a textual inversion; `eos` int64 [n], position of the
 * end token. Outputs, for k from 1 (the last layer) to the number of layers: `hidden.k` [n, 77, width] is what the k-th
 * layer from the end gives, `hidden.k.norm` the same after the final layer norm; `pooled` [n, width] is `hidden.1.norm` at
 * `eos`, projected where the checkpoint has a projection.
 */
export function buildTextEncoder(
  checkpoint: Checkpoint,
  facts: TextEncoderFacts,
  { profile, lora }: TextEncoderOptions = {},
): BuiltGraph {
  const g = createGraph({ profile })
  const tensors = layoutOfClip(checkpoint, facts)
  const { prefix } = facts
  const w =
    lora === undefined ? weightsOf(tensors, prefix) : withLoraInputs(g, tensors, { prefix, layers: lora, merge: true })
  const embeds = g.input('embeds', 'float32', ['n', TOKENS, facts.width])
  const eos = g.input('eos', 'int64', ['n'])

  const text = w.sub('text_model')
  const states = encode(g, embeds, text, facts)
  for (const [layer, hidden] of states.entries()) {
    const fromEnd = states.length - layer
    const normed = g.reshape(layerNorm(g, hidden, text.sub('final_layer_norm')), embeds.shape)
    g.output(`hidden.${fromEnd}`, g.reshape(hidden, embeds.shape))
    g.output(`hidden.${fromEnd}.norm`, normed)
    if (fromEnd === 1) g.output('pooled', project(g, g.gatherRows(normed, eos), w))
  }
  return g.build()
}

/** The layers of a text encoder that LoRAs may change. */
export function textLayers(checkpoint: Checkpoint, facts: TextEncoderFacts): LoraLayer[] {
  return layersUnder(layoutOfClip(checkpoint, facts), facts.prefix, 'linear')
}

/** Where the vectors of the tokens are: fp rows of `width`, one for each of the vocabulary. */
export function tokenTable(checkpoint: Checkpoint, facts: TextEncoderFacts): TensorEntry {
  return weightsOf(layoutOfClip(checkpoint, facts), facts.prefix).tensor('text_model.embeddings.token_embedding.weight')
}

function layoutOfClip(checkpoint: Checkpoint, facts: TextEncoderFacts): Pick<Checkpoint, 'file' | 'tensors'> {
  return facts.layout === 'open-clip' ? openClipAsClip(checkpoint, facts) : checkpoint
}

/** The rows of the hidden state after each layer. */
function encode(g: Graph, embeds: Value, w: Weights, { layers, heads, activation }: TextEncoderFacts): Value[] {
  const positions = parameter(g, w.sub('embeddings'), 'position_embedding.weight')
  const tokens = tokensOf(g, g.add(embeds, positions))
  let hidden = tokens.rows
  return Array.from({ length: layers }, (_, i) => {
    const layer = w.sub(`encoder.layers.${i}`)
    hidden = g.scope(layer.name, () => encoderLayer(g, { ...tokens, rows: hidden }, layer, { heads, activation }))
    return hidden
  })
}

/** Pre-norm transformer layer: causal attention, then the feed-forward, each added to its input. */
function encoderLayer(
  g: Graph,
  x: Tokens,
  w: Weights,
  { heads, activation }: Pick<TextEncoderFacts, 'heads' | 'activation'>,
): Value {
  const self = w.sub('self_attn')
  const projections = { q: self.sub('q_proj'), k: self.sub('k_proj'), v: self.sub('v_proj'), out: self.sub('out_proj') }
  const normed = { ...x, rows: layerNorm(g, x.rows, w.sub('layer_norm1')) }
  const attended = g.scope(self.name, () =>
    attention(g, normed, projections, { heads: { count: heads }, causal: true }),
  )
  const rows = g.add(x.rows, attended)
  const activate = activation === 'quick_gelu' ? g.quickGelu : g.gelu
  const inner = activate(linear(g, layerNorm(g, rows, w.sub('layer_norm2')), w.sub('mlp.fc1')))
  return g.add(rows, linear(g, inner, w.sub('mlp.fc2')))
}

/** OpenCLIP multiplies with its projection as it is, transformers with the transposed one. */
function project(g: Graph, pooled: Value, w: Weights): Value {
  if (w.has('text_projection')) return g.matmul(pooled, parameter(g, w, 'text_projection'))
  return w.has('text_projection.weight') ? linear(g, pooled, w.sub('text_projection')) : pooled
}
