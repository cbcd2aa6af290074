/** ControlNet (Zhang et al. 2023, arXiv:2302.05543; cldm.py), as a part of the UNet's graph. */
import { ModelFileError } from '../errors.js'
import type { Checkpoint } from '../models/checkpoint.js'
import { type Dim, type Graph, product, type Value, zeroPadded } from '../onnx/index.js'
import { tokensOf } from './attention.js'
import { conv } from './layers.js'
import { timeEmbedding } from './time-embedding.js'
import { block, type Conditions, inputBlocks, type Residuals, type UnetInputs } from './unet-blocks.js'
import { type Weights, weightsOf } from './weights.js'

export interface ControlInputs {
  /** The control picture [n, 3, 8h, 8w], 0 to 1. */
  hint: Value
  /** What each residual is multiplied with [n]. */
  strength: Value
}

/** Where the tensors of a ControlNet are; its difference form (the key `difference`) is added to the UNet's weights. */
export function controlWeights(checkpoint: Checkpoint, unet: Weights): Weights {
  const prefix = ['control_model.', ''].find(prefix => checkpoint.tensors.has(`${prefix}zero_convs.0.0.weight`))
  if (prefix === undefined) {
    throw new ModelFileError(
      `${checkpoint.file}: is no ControlNet: \`control_model.zero_convs.0.0.weight\` is missing`,
      {
        hint: 'ControlNets in the layouts of ldm and of diffusers are known',
      },
    )
  }
  return weightsOf(checkpoint, prefix, checkpoint.tensors.has('difference') ? unet : undefined)
}

/** @param size height and width of the latent */
export function controlInputs(g: Graph, size: readonly Dim[]): ControlInputs {
  return {
    hint: g.cast(g.input('hint', 'float32', ['n', 3, ...size.map(side => product([8, side]))]), g.compute),
    strength: g.cast(g.input('strength', 'float32', ['n']), g.compute),
  }
}

/** A copy of the UNet's first half that sees the hint. Its convolutions pad with zeros even where the UNet's wrap. */
export function controlnet(
  graph: Graph,
  w: Weights,
  how: Pick<Conditions, 'heads' | 'upcast'>,
  { x, timesteps, context, y }: UnetInputs,
  { hint, strength }: ControlInputs,
): Residuals {
  const g = zeroPadded(graph)
  return g.scope('control', () => {
    const conditions = { embedding: g.silu(timeEmbedding(g, timesteps, y, w)), context: tokensOf(g, context), ...how }
    const scale = g.reshape(strength, ['n', 1, 1, 1])
    const scaled = (value: Value, zeroConv: Weights) => g.mul(conv(g, value, zeroConv), scale)

    const results = inputBlocks(g, x, w.sub('input_blocks'), conditions, hintBlock(g, hint, w.sub('input_hint_block')))
    const middle = block(g, results.at(-1) ?? x, w.sub('middle_block'), conditions)
    return {
      skips: results.map((result, i) => scaled(result, w.sub(`zero_convs.${i}.0`))),
      middle: scaled(middle, w.sub('middle_block_out.0')),
    }
  })
}

/** Convolutions with SiLU between them, three of which halve the picture: [n, 3, 8h, 8w] → [n, channels, h, w]. */
function hintBlock(g: Graph, hint: Value, w: Weights): Value {
  return g.scope(w.name, () => {
    let x = conv(g, hint, w.sub('0'), { padding: 1 })
    for (const index of [2, 4, 6, 8, 10, 12, 14]) {
      const stride = [4, 8, 12].includes(index) ? 2 : 1
      x = conv(g, g.silu(x), w.sub(String(index)), { padding: 1, stride })
    }
    return x
  })
}
