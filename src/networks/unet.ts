/** The UNet of Stable Diffusion 1, 2, XL and its refiner (Rombach et al. 2022, arXiv:2112.10752). */
import type { Checkpoint } from '../models/checkpoint.js'
import type { ModelFacts, UnetFacts } from '../models/facts.js'
import { type BuiltGraph, createGraph, type Dim, type Graph, product, type Value } from '../onnx/index.js'
import { tokensOf } from './attention.js'
import { controlInputs, controlnet, controlWeights } from './controlnet.js'
import { conv3x3, groupNorm } from './layers.js'
import { type LoraLayer, layersUnder, withLoraInputs } from './lora.js'
import type { BuildOptions } from './options.js'
import { timeEmbedding } from './time-embedding.js'
import { block, type Conditions, countBlocks, inputBlocks, type Residuals, type UnetInputs } from './unet-blocks.js'
import { type Weights, weightsOf } from './weights.js'

export interface UnetOptions extends BuildOptions {
  /** A ControlNet that steers it. */
  control?: Checkpoint | undefined
  /** Weights that a difference ControlNet is added to. @default the checkpoint */
  controlBase?: Checkpoint | undefined
  /** Layers whose LoRA factors are inputs. @default none */
  lora?: readonly LoraLayer[] | undefined
  /**
   * What height and width of every latent are multiples of. Where it is a multiple of what the downsamplings divide by, each
   * upsampling doubles exactly, which wide networks compute faster. @default 1
   */
  latentMultiple?: number | undefined
}

/**
 * Builds the UNet. Inputs, all fp32: `x` [n, c, h, w] (scaled as the model wants it), `timesteps` [n], `context`
 * [n, tokens, d] and, for models with vector conditioning, `y` [n, adm]; with a ControlNet also its picture `hint`
 * [n, 3, 8h, 8w], 0 to 1, and `strength` [n]; with `lora` the factors of
 * each of its layers. Output: `out` [n, 4, h, w].
 */
export function buildUnet(
  checkpoint: Checkpoint,
  { unet: facts, family }: ModelFacts,
  { profile, compute, tiling, control, controlBase = checkpoint, lora, latentMultiple = 1 }: UnetOptions = {},
): BuiltGraph {
  const g = createGraph({ profile, compute, wrap: tiling })
  const size = [product([latentMultiple, 'h']), product([latentMultiple, 'w'])]
  const inputs = unetInputs(g, facts, size)
  const plain = weightsOf(checkpoint, facts.prefix)
  const w =
    lora === undefined ? plain : withLoraInputs(g, checkpoint, { prefix: facts.prefix, layers: lora, merge: false })
  const how = { heads: facts.heads, upcast: family === 'sd2' }
  const residuals =
    control === undefined
      ? undefined
      : controlnet(
          g,
          controlWeights(control, weightsOf(controlBase, facts.prefix)),
          how,
          { ...inputs, x: latentOf(g, inputs.x, facts) },
          controlInputs(g, size),
        )
  g.output('out', unet(g, w, how, inputs, residuals))
  return g.build()
}

function unetInputs(g: Graph, { inChannels, contextDim, admChannels }: UnetFacts, size: readonly Dim[]): UnetInputs {
  const input = (name: string, shape: readonly Dim[]) => g.cast(g.input(name, 'float32', shape), g.compute)
  return {
    x: input('x', ['n', inChannels, ...size]),
    timesteps: g.input('timesteps', 'float32', ['n']),
    context: input('context', ['n', 'tokens', contextDim]),
    ...(admChannels === undefined ? {} : { y: input('y', ['n', admChannels]) }),
  }
}

/** ControlNets see the latent alone, not what inpainting and pix2pix models see beside it. */
function latentOf(g: Graph, x: Value, { inChannels, outChannels }: UnetFacts): Value {
  return inChannels === outChannels ? x : g.slice(x, { axis: 1, start: 0, end: outChannels })
}

/** The `latentMultiple` to build a UNet with for a latent of a size: what three downsamplings divide by, where that pays. */
export function latentMultipleFor({ unet }: ModelFacts, [height, width]: readonly [number, number]): number {
  return unet.modelChannels >= 256 && height % 8 === 0 && width % 8 === 0 ? 8 : 1
}

/** The layers of the UNet that LoRAs may change. */
export function unetLayers(checkpoint: Checkpoint, { unet }: ModelFacts, kinds: 'linear' | 'all'): LoraLayer[] {
  return layersUnder(checkpoint, unet.prefix, kinds)
}

/** Down through the input blocks, across the middle, up through the output blocks, each of which sees what its twin gave. */
function unet(
  g: Graph,
  w: Weights,
  how: Pick<Conditions, 'heads' | 'upcast'>,
  { x, timesteps, context, y }: UnetInputs,
  residuals?: Residuals,
): Value {
  const embedding = g.silu(timeEmbedding(g, timesteps, y, w))
  const conditions = { embedding, context: tokensOf(g, context), ...how }
  const skips = inputBlocks(g, x, w.sub('input_blocks'), conditions)
  let h = skips.at(-1) ?? x
  h = block(g, h, w.sub('middle_block'), conditions)
  if (residuals !== undefined) h = g.add(h, residuals.middle)

  const up = w.sub('output_blocks')
  const waiting = skips.map((skip, i) => {
    const residual = residuals?.skips[i]
    return residual === undefined ? skip : g.add(skip, residual)
  })
  for (let i = 0; i < countBlocks(up); i++) {
    const skip = waiting.pop()
    if (skip === undefined) return g.fail('the UNet has more output blocks than input blocks')
    h = g.scope(up.name, () => block(g, g.concat([h, skip], 1), up.sub(String(i)), conditions, waiting.at(-1)))
  }
  return g.scope('out', () => conv3x3(g, g.silu(groupNorm(g, h, w.sub('out.0'), 1e-5)), w.sub('out.2')))
}
