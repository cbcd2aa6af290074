/** The autoencoder of latent diffusion (ldm model.py: `AutoencoderKL`): pictures to latents of an eighth of their size, and back. */
import type { Checkpoint } from '../models/checkpoint.js'
import type { ModelFacts } from '../models/facts.js'
import { type BuiltGraph, createGraph, type Graph, type Value } from '../onnx/index.js'
import { attention } from './attention.js'
import { channelsLastNorm } from './channels-last-norm.js'
import { conv, conv3x3, groupNorm, upsampleConv3x3 } from './layers.js'
import type { BuildOptions } from './options.js'
import { pixelImage, pixelTokens } from './spatial-transformer.js'
import { count, type Weights, weightsOf } from './weights.js'

/**
 * Builds the decoder. Input: `latent` fp32 [n, 4, h, w], divided by the model's scale factor. Output: `image` [n, 3, 8h, 8w],
 * −1 to 1 but not clamped.
 */
export function buildVaeDecoder(
  checkpoint: Checkpoint,
  { vae }: ModelFacts,
  { profile, tiling }: BuildOptions = {},
): BuiltGraph {
  const g = createGraph({ profile, wrap: tiling })
  const w = weightsOf(checkpoint, vae.prefix)
  const latent = g.input('latent', 'float32', ['n', vae.latentChannels, 'h', 'w'])
  const x = w.has('post_quant_conv.weight') ? conv(g, latent, w.sub('post_quant_conv')) : latent
  g.output('image', decode(g, x, w.sub('decoder')))
  return g.build()
}

export interface VaeEncoderOptions extends BuildOptions {
  /** Sum in the norms as torch does on a CPU of this many threads. @default exactly, as on a GPU */
  torchThreads?: number | undefined
}

/**
 * Builds the encoder. Input: `image` fp32 [n, 3, height, width], −1 to 1, multiples of 8; n is 1 with `torchThreads`. Output:
 * `latent` [n, 4, height/8, width/8], the mean of the distribution, not yet multiplied by the model's scale factor.
 */
export function buildVaeEncoder(
  checkpoint: Checkpoint,
  { vae }: ModelFacts,
  { profile, tiling, torchThreads }: VaeEncoderOptions = {},
): BuiltGraph {
  const g = createGraph({ profile, wrap: tiling })
  const w = weightsOf(checkpoint, vae.prefix)
  const image = g.input('image', 'float32', [torchThreads === undefined ? 'n' : 1, 3, 'height', 'width'])
  const encoded = encode(g, image, w.sub('encoder'), torchThreads === undefined ? norm : torchNorm(torchThreads))
  const moments = w.has('quant_conv.weight') ? conv(g, encoded, w.sub('quant_conv')) : encoded
  g.output('latent', g.slice(moments, { axis: 1, start: 0, end: vae.latentChannels }))
  return g.build()
}

function decode(g: Graph, x: Value, w: Weights): Value {
  return g.scope(w.name, () => {
    x = middle(g, conv3x3(g, x, w.sub('conv_in')), w.sub('mid'), norm)
    for (let level = countLevels(w, 'up') - 1; level >= 0; level--) {
      const up = w.sub(`up.${level}`)
      x = g.scope(up.name, () => {
        x = resBlocks(g, x, up, norm)
        return up.has('upsample.conv.weight') ? upsampleConv3x3(g, x, up.sub('upsample.conv')) : x
      })
    }
    return conv3x3(g, g.silu(norm(g, x, w.sub('norm_out'))), w.sub('conv_out'))
  })
}

function encode(g: Graph, x: Value, w: Weights, norm: Norm): Value {
  return g.scope(w.name, () => {
    x = conv3x3(g, x, w.sub('conv_in'))
    for (let level = 0; level < countLevels(w, 'down'); level++) {
      const down = w.sub(`down.${level}`)
      x = g.scope(down.name, () => {
        x = resBlocks(g, x, down, norm)
        if (!down.has('downsample.conv.weight')) return x
        // Zeros below and to the right only, even where pictures are tiled: the layer itself pads nothing.
        return conv(g, g.padBottomRight(x, 1), down.sub('downsample.conv'), { stride: 2 })
      })
    }
    x = middle(g, x, w.sub('mid'), norm)
    return conv3x3(g, g.silu(norm(g, x, w.sub('norm_out'))), w.sub('conv_out'))
  })
}

const EPSILON = 1e-6

/** One of the group normalizations, told apart by how it sums. */
type Norm = (g: Graph, x: Value, w: Weights) => Value

const norm: Norm = (g, x, w) => groupNorm(g, x, w, EPSILON)

const torchNorm =
  (threads: number): Norm =>
  (g, x, w) =>
    channelsLastNorm(g, x, w, { groups: 32, epsilon: EPSILON, threads })

function countLevels(w: Weights, direction: 'up' | 'down'): number {
  return count(w, level => `${direction}.${level}.block.0.conv1.weight`)
}

function resBlocks(g: Graph, x: Value, w: Weights, norm: Norm): Value {
  for (let i = 0; i < count(w, block => `block.${block}.conv1.weight`); i++)
    x = resBlock(g, x, w.sub(`block.${i}`), norm)
  return x
}

/** GroupNorm → SiLU → Conv, twice. */
function resBlock(g: Graph, x: Value, w: Weights, norm: Norm): Value {
  return g.scope(w.name, () => {
    let h = conv3x3(g, g.silu(norm(g, x, w.sub('norm1'))), w.sub('conv1'))
    h = conv3x3(g, g.silu(norm(g, h, w.sub('norm2'))), w.sub('conv2'))
    return g.add(w.has('nin_shortcut.weight') ? conv(g, x, w.sub('nin_shortcut')) : x, h)
  })
}

function middle(g: Graph, x: Value, w: Weights, norm: Norm): Value {
  return g.scope(w.name, () => {
    x = resBlock(g, x, w.sub('block_1'), norm)
    x = selfAttention(g, x, w.sub('attn_1'), norm)
    return resBlock(g, x, w.sub('block_2'), norm)
  })
}

/** Every pixel sees every pixel, in one head of all channels. */
function selfAttention(g: Graph, x: Value, w: Weights, norm: Norm): Value {
  return g.scope(w.name, () => {
    const tokens = pixelTokens(g, norm(g, x, w.sub('norm')))
    const projections = { q: w.sub('q'), k: w.sub('k'), v: w.sub('v'), out: w.sub('proj_out') }
    const attended = attention(g, tokens, projections, { heads: { count: 1 } })
    return g.add(x, pixelImage(g, attended, x))
  })
}
