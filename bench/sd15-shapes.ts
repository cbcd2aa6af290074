/** Shapes of Stable Diffusion 1.5's UNet and text encoder (Rombach et al. 2022 and their v1-inference.yaml). */
export type Shapes = Record<string, readonly number[]>

const CHANNELS = 320
const EMBEDDING = 4 * CHANNELS
const CONTEXT = 768
const MULTIPLIERS = [1, 2, 4, 4]
const RES_BLOCKS = 2
const UNET = 'model.diffusion_model.'
const TEXT = 'cond_stage_model.transformer.text_model.'

export function sd15Unet(): Shapes {
  const shapes: Shapes = {}
  const add = (name: string, weight: readonly number[], bias = true) => {
    shapes[`${UNET}${name}.weight`] = weight
    if (bias) shapes[`${UNET}${name}.bias`] = weight.slice(0, 1)
  }
  const resBlock = (name: string, from: number, to: number) => {
    add(`${name}.in_layers.0`, [from])
    add(`${name}.in_layers.2`, [to, from, 3, 3])
    add(`${name}.emb_layers.1`, [to, EMBEDDING])
    add(`${name}.out_layers.0`, [to])
    add(`${name}.out_layers.3`, [to, to, 3, 3])
    if (from !== to) add(`${name}.skip_connection`, [to, from, 1, 1])
  }
  const transformer = (name: string, c: number) => {
    add(`${name}.norm`, [c])
    add(`${name}.proj_in`, [c, c, 1, 1])
    add(`${name}.proj_out`, [c, c, 1, 1])
    const block = `${name}.transformer_blocks.0`
    for (const norm of ['norm1', 'norm2', 'norm3']) add(`${block}.${norm}`, [c])
    for (const [attn, context] of [
      ['attn1', c],
      ['attn2', CONTEXT],
    ] as const) {
      add(`${block}.${attn}.to_q`, [c, c], false)
      add(`${block}.${attn}.to_k`, [c, context], false)
      add(`${block}.${attn}.to_v`, [c, context], false)
      add(`${block}.${attn}.to_out.0`, [c, c])
    }
    add(`${block}.ff.net.0.proj`, [8 * c, c])
    add(`${block}.ff.net.2`, [c, 4 * c])
  }

  add('time_embed.0', [EMBEDDING, CHANNELS])
  add('time_embed.2', [EMBEDDING, EMBEDDING])
  add('input_blocks.0.0', [CHANNELS, 4, 3, 3])
  const skips = [CHANNELS]
  let c = CHANNELS
  for (const [level, multiplier] of MULTIPLIERS.entries()) {
    const to = CHANNELS * multiplier
    for (let i = 0; i < RES_BLOCKS; i++) {
      const name = `input_blocks.${skips.length}`
      resBlock(`${name}.0`, c, to)
      if (level < 3) transformer(`${name}.1`, to)
      c = to
      skips.push(c)
    }
    if (level === 3) break
    add(`input_blocks.${skips.length}.0.op`, [c, c, 3, 3])
    skips.push(c)
  }
  resBlock('middle_block.0', c, c)
  transformer('middle_block.1', c)
  resBlock('middle_block.2', c, c)
  let index = 0
  for (const [level, multiplier] of [...MULTIPLIERS.entries()].reverse()) {
    const to = CHANNELS * multiplier
    for (let i = 0; i <= RES_BLOCKS; i++) {
      const name = `output_blocks.${index++}`
      resBlock(`${name}.0`, c + (skips.pop() ?? 0), to)
      if (level < 3) transformer(`${name}.1`, to)
      c = to
      if (level > 0 && i === RES_BLOCKS) add(`${name}.${level < 3 ? 2 : 1}.conv`, [c, c, 3, 3])
    }
  }
  add('out.0', [CHANNELS])
  add('out.2', [4, CHANNELS, 3, 3])
  return shapes
}

export function sd15TextEncoder(): Shapes {
  const width = 768
  const shapes: Shapes = {
    [`${TEXT}embeddings.token_embedding.weight`]: [49408, width],
    [`${TEXT}embeddings.position_embedding.weight`]: [77, width],
  }
  const add = (name: string, weight: readonly number[]) => {
    shapes[`${TEXT}${name}.weight`] = weight
    shapes[`${TEXT}${name}.bias`] = weight.slice(0, 1)
  }
  for (let layer = 0; layer < 12; layer++) {
    const name = `encoder.layers.${layer}`
    for (const norm of ['layer_norm1', 'layer_norm2']) add(`${name}.${norm}`, [width])
    for (const part of ['q_proj', 'k_proj', 'v_proj', 'out_proj']) add(`${name}.self_attn.${part}`, [width, width])
    add(`${name}.mlp.fc1`, [4 * width, width])
    add(`${name}.mlp.fc2`, [width, 4 * width])
  }
  add('final_layer_norm', [width])
  return shapes
}

/** The decoder of Stable Diffusion's VAE (its v1-inference.yaml: 128 channels ×1, 2, 4, 4). */
export function sd15VaeDecoder(): Shapes {
  const shapes: Shapes = {}
  const add = (name: string, weight: readonly number[]) => {
    shapes[`first_stage_model.${name}.weight`] = weight
    shapes[`first_stage_model.${name}.bias`] = weight.slice(0, 1)
  }
  const resBlock = (name: string, from: number, to: number) => {
    add(`${name}.norm1`, [from])
    add(`${name}.conv1`, [to, from, 3, 3])
    add(`${name}.norm2`, [to])
    add(`${name}.conv2`, [to, to, 3, 3])
    if (from !== to) add(`${name}.nin_shortcut`, [to, from, 1, 1])
  }
  let c = 512
  add('post_quant_conv', [4, 4, 1, 1])
  add('decoder.conv_in', [c, 4, 3, 3])
  for (const block of ['block_1', 'block_2']) resBlock(`decoder.mid.${block}`, c, c)
  add('decoder.mid.attn_1.norm', [c])
  for (const part of ['q', 'k', 'v', 'proj_out']) add(`decoder.mid.attn_1.${part}`, [c, c, 1, 1])
  for (const [level, to] of [512, 512, 256, 128].map((to, i) => [3 - i, to] as const)) {
    for (let i = 0; i <= RES_BLOCKS; i++) {
      resBlock(`decoder.up.${level}.block.${i}`, c, to)
      c = to
    }
    if (level > 0) add(`decoder.up.${level}.upsample.conv`, [c, c, 3, 3])
  }
  add('decoder.norm_out', [c])
  add('decoder.conv_out', [3, c, 3, 3])
  return shapes
}

/** What the detection of a family looks for in a VAE; no decoder is built of it. */
export const VAE_STUB: Shapes = {
  'first_stage_model.decoder.conv_in.weight': [512, 4, 3, 3],
  'first_stage_model.encoder.conv_in.weight': [128, 3, 3, 3],
}
