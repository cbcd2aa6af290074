/** Shapes of published checkpoints, so that speed can be measured without them: the networks are as large, their weights random. */
export type Shapes = Readonly<Record<string, readonly number[]>>

const UNET = 'model.diffusion_model'
const VAE = 'first_stage_model'
const CHANNELS = 320
const EMBEDDING = 4 * CHANNELS
const RES_BLOCKS = 2

/** Stable Diffusion 1.5 (Rombach et al. 2022 and their v1-inference.yaml). */
export const sd15Unet = (): Shapes =>
  unet({ multipliers: [1, 2, 4, 4], depths: [1, 1, 1, 0], middle: 1, context: 768, linearProjections: false })

export const sd15TextEncoder = (): Shapes => clipL('cond_stage_model.transformer')

export const sd15 = (): Shapes => ({ ...sd15TextEncoder(), ...sd15Unet(), ...vaeEncoder(), ...vaeDecoder() })

/** Stable Diffusion XL's base (Podell et al. 2023, arXiv:2307.01952, and their sd_xl_base.yaml). */
export const sdxlUnet = (): Shapes =>
  unet({ multipliers: [1, 2, 4], depths: [0, 2, 10], middle: 10, context: 2048, adm: 2816, linearProjections: true })

export const sdxlTextEncoders = (): Shapes => ({
  ...clipL('conditioner.embedders.0.transformer'),
  ...openClipG('conditioner.embedders.1.model'),
})

export const sdxl = (): Shapes => ({ ...sdxlTextEncoders(), ...sdxlUnet(), ...vaeEncoder(), ...vaeDecoder() })

/** What the detection of a family looks for in a VAE; none is built of it. */
export const VAE_STUB: Shapes = {
  [`${VAE}.decoder.conv_in.weight`]: [512, 4, 3, 3],
  [`${VAE}.encoder.conv_in.weight`]: [128, 3, 3, 3],
}

interface UnetSize {
  /** Channels of each level over {@link CHANNELS}. */
  multipliers: readonly number[]
  /** Transformer blocks behind each residual block of a level. */
  depths: readonly number[]
  middle: number
  context: number
  /** Width of the vector conditioning. */
  adm?: number
  /** Into and out of transformers by matrices; by 1×1 convolutions otherwise. */
  linearProjections: boolean
}

function unet({ multipliers, depths, middle, context, adm, linearProjections }: UnetSize): Shapes {
  const { shapes, layer } = layersUnder(UNET)
  const resBlock = (name: string, from: number, to: number) => {
    layer(`${name}.in_layers.0`, [from])
    layer(`${name}.in_layers.2`, [to, from, 3, 3])
    layer(`${name}.emb_layers.1`, [to, EMBEDDING])
    layer(`${name}.out_layers.0`, [to])
    layer(`${name}.out_layers.3`, [to, to, 3, 3])
    if (from !== to) layer(`${name}.skip_connection`, [to, from, 1, 1])
  }
  const transformer = (name: string, c: number, depth: number) => {
    const projection = linearProjections ? [c, c] : [c, c, 1, 1]
    layer(`${name}.norm`, [c])
    layer(`${name}.proj_in`, projection)
    layer(`${name}.proj_out`, projection)
    for (let i = 0; i < depth; i++) {
      const block = `${name}.transformer_blocks.${i}`
      for (const norm of ['norm1', 'norm2', 'norm3']) layer(`${block}.${norm}`, [c])
      for (const [attention, from] of [
        ['attn1', c],
        ['attn2', context],
      ] as const) {
        layer(`${block}.${attention}.to_q`, [c, c], false)
        layer(`${block}.${attention}.to_k`, [c, from], false)
        layer(`${block}.${attention}.to_v`, [c, from], false)
        layer(`${block}.${attention}.to_out.0`, [c, c])
      }
      layer(`${block}.ff.net.0.proj`, [8 * c, c])
      layer(`${block}.ff.net.2`, [c, 4 * c])
    }
  }

  layer('time_embed.0', [EMBEDDING, CHANNELS])
  layer('time_embed.2', [EMBEDDING, EMBEDDING])
  if (adm !== undefined) {
    layer('label_emb.0.0', [EMBEDDING, adm])
    layer('label_emb.0.2', [EMBEDDING, EMBEDDING])
  }
  layer('input_blocks.0.0', [CHANNELS, 4, 3, 3])
  const skips = [CHANNELS]
  let c = CHANNELS
  for (const [level, multiplier] of multipliers.entries()) {
    const to = CHANNELS * multiplier
    const depth = depths[level] ?? 0
    for (let i = 0; i < RES_BLOCKS; i++) {
      const name = `input_blocks.${skips.length}`
      resBlock(`${name}.0`, c, to)
      if (depth > 0) transformer(`${name}.1`, to, depth)
      c = to
      skips.push(c)
    }
    if (level === multipliers.length - 1) break
    layer(`input_blocks.${skips.length}.0.op`, [c, c, 3, 3])
    skips.push(c)
  }
  resBlock('middle_block.0', c, c)
  transformer('middle_block.1', c, middle)
  resBlock('middle_block.2', c, c)
  let index = 0
  for (const [level, multiplier] of [...multipliers.entries()].reverse()) {
    const to = CHANNELS * multiplier
    const depth = depths[level] ?? 0
    for (let i = 0; i <= RES_BLOCKS; i++) {
      const name = `output_blocks.${index++}`
      resBlock(`${name}.0`, c + (skips.pop() ?? 0), to)
      if (depth > 0) transformer(`${name}.1`, to, depth)
      c = to
      if (level > 0 && i === RES_BLOCKS) layer(`${name}.${depth > 0 ? 2 : 1}.conv`, [c, c, 3, 3])
    }
  }
  layer('out.0', [CHANNELS])
  layer('out.2', [4, CHANNELS, 3, 3])
  return shapes
}

/** CLIP ViT-L/14's text model (Radford et al. 2021, arXiv:2103.00020), under the names of transformers. */
function clipL(prefix: string): Shapes {
  const width = 768
  const { shapes, layer } = layersUnder(`${prefix}.text_model`)
  layer('embeddings.token_embedding', [49408, width], false)
  layer('embeddings.position_embedding', [77, width], false)
  for (let i = 0; i < 12; i++) {
    const name = `encoder.layers.${i}`
    for (const norm of ['layer_norm1', 'layer_norm2']) layer(`${name}.${norm}`, [width])
    for (const part of ['q_proj', 'k_proj', 'v_proj', 'out_proj']) layer(`${name}.self_attn.${part}`, [width, width])
    layer(`${name}.mlp.fc1`, [4 * width, width])
    layer(`${name}.mlp.fc2`, [width, 4 * width])
  }
  layer('final_layer_norm', [width])
  return shapes
}

/** OpenCLIP ViT-bigG/14's text model (Ilharco et al. 2021, doi:10.5281/zenodo.5143773). */
function openClipG(prefix: string): Shapes {
  const width = 1280
  const { shapes, layer } = layersUnder(prefix)
  layer('token_embedding', [49408, width], false)
  for (let i = 0; i < 32; i++) {
    const name = `transformer.resblocks.${i}`
    for (const norm of ['ln_1', 'ln_2']) layer(`${name}.${norm}`, [width])
    layer(`${name}.attn.out_proj`, [width, width])
    layer(`${name}.mlp.c_fc`, [4 * width, width])
    layer(`${name}.mlp.c_proj`, [width, 4 * width])
    shapes[`${prefix}.${name}.attn.in_proj_weight`] = [3 * width, width]
    shapes[`${prefix}.${name}.attn.in_proj_bias`] = [3 * width]
  }
  layer('ln_final', [width])
  shapes[`${prefix}.positional_embedding`] = [77, width]
  shapes[`${prefix}.text_projection`] = [width, width]
  return shapes
}

/** The VAE of both families: 128 channels ×1, 2, 4, 4. */
const VAE_LEVELS = [128, 256, 512, 512] as const
const VAE_WIDEST = 512

export function vaeEncoder(): Shapes {
  const { shapes, layer } = layersUnder(VAE)
  let c: number = VAE_LEVELS[0]
  layer('encoder.conv_in', [c, 3, 3, 3])
  for (const [level, to] of VAE_LEVELS.entries()) {
    for (let i = 0; i < RES_BLOCKS; i++) {
      vaeResBlock(layer, `encoder.down.${level}.block.${i}`, c, to)
      c = to
    }
    if (level < VAE_LEVELS.length - 1) layer(`encoder.down.${level}.downsample.conv`, [c, c, 3, 3])
  }
  vaeMiddle(layer, 'encoder.mid')
  layer('encoder.norm_out', [c])
  layer('encoder.conv_out', [8, c, 3, 3])
  layer('quant_conv', [8, 8, 1, 1])
  return shapes
}

export function vaeDecoder(): Shapes {
  const { shapes, layer } = layersUnder(VAE)
  let c: number = VAE_WIDEST
  layer('post_quant_conv', [4, 4, 1, 1])
  layer('decoder.conv_in', [c, 4, 3, 3])
  vaeMiddle(layer, 'decoder.mid')
  for (const [level, to] of [...VAE_LEVELS.entries()].reverse()) {
    for (let i = 0; i <= RES_BLOCKS; i++) {
      vaeResBlock(layer, `decoder.up.${level}.block.${i}`, c, to)
      c = to
    }
    if (level > 0) layer(`decoder.up.${level}.upsample.conv`, [c, c, 3, 3])
  }
  layer('decoder.norm_out', [c])
  layer('decoder.conv_out', [3, c, 3, 3])
  return shapes
}

function vaeMiddle(layer: AddLayer, name: string): void {
  const c = VAE_WIDEST
  for (const block of ['block_1', 'block_2']) vaeResBlock(layer, `${name}.${block}`, c, c)
  layer(`${name}.attn_1.norm`, [c])
  for (const part of ['q', 'k', 'v', 'proj_out']) layer(`${name}.attn_1.${part}`, [c, c, 1, 1])
}

function vaeResBlock(layer: AddLayer, name: string, from: number, to: number): void {
  layer(`${name}.norm1`, [from])
  layer(`${name}.conv1`, [to, from, 3, 3])
  layer(`${name}.norm2`, [to])
  layer(`${name}.conv2`, [to, to, 3, 3])
  if (from !== to) layer(`${name}.nin_shortcut`, [to, from, 1, 1])
}

/** Adds a weight, and a bias as long as its rows. */
type AddLayer = (name: string, weight: readonly number[], bias?: boolean) => void

function layersUnder(prefix: string): { shapes: Record<string, readonly number[]>; layer: AddLayer } {
  const shapes: Record<string, readonly number[]> = {}
  return {
    shapes,
    layer(name, weight, bias = true) {
      shapes[`${prefix}.${name}.weight`] = weight
      if (bias) shapes[`${prefix}.${name}.bias`] = weight.slice(0, 1)
    },
  }
}
