/** diffusers' names of the UNet's modules, beside ldm's. The blocks are counted from the keys, so any depth works. */

/** Modules of a residual block: ldm's name, diffusers' name. */
const RESNET: readonly (readonly [string, string])[] = [
  ['in_layers.0', 'norm1'],
  ['in_layers.2', 'conv1'],
  ['emb_layers.1', 'time_emb_proj'],
  ['out_layers.0', 'norm2'],
  ['out_layers.3', 'conv2'],
  ['skip_connection', 'conv_shortcut'],
]

const OUTSIDE_BLOCKS: readonly (readonly [string, string])[] = [
  ['time_embed.0', 'time_embedding.linear_1'],
  ['time_embed.2', 'time_embedding.linear_2'],
  ['label_emb.0.0', 'add_embedding.linear_1'],
  ['label_emb.0.2', 'add_embedding.linear_2'],
  ['label_emb.0.0', 'class_embedding.linear_1'],
  ['label_emb.0.2', 'class_embedding.linear_2'],
  ['input_blocks.0.0', 'conv_in'],
  ['out.0', 'conv_norm_out'],
  ['out.2', 'conv_out'],
]

interface Modules {
  has(module: string): boolean
  keys(): Iterable<string>
}

/**
 * Pairs of diffusers' and ldm's name for every module that the UNet has, e.g. `down_blocks.0.resnets.0.conv1` and
 * `input_blocks.1.0.in_layers.2`.
 */
export function* diffusersNames(modules: Modules): Generator<readonly [diffusers: string, ldm: string]> {
  yield* inputBlocks(modules)
  yield* resnet(modules, 'middle_block.0', 'mid_block.resnets.0')
  yield* attention(modules, 'middle_block.1', 'mid_block.attentions.0')
  yield* resnet(modules, 'middle_block.2', 'mid_block.resnets.1')
  yield* outputBlocks(modules)
  for (const [ldm, diffusers] of OUTSIDE_BLOCKS) if (modules.has(ldm)) yield [diffusers, ldm]
}

function* inputBlocks(modules: Modules) {
  let level = 0
  let index = 0
  for (let n = 1; n < blockCount(modules, 'input_blocks'); n++) {
    const block = `input_blocks.${n}`
    if (modules.has(`${block}.0.op`)) {
      yield [`down_blocks.${level}.downsamplers.0.conv`, `${block}.0.op`] as const
      level++
      index = 0
    } else {
      yield* resnet(modules, `${block}.0`, `down_blocks.${level}.resnets.${index}`)
      yield* attention(modules, `${block}.1`, `down_blocks.${level}.attentions.${index}`)
      index++
    }
  }
}

function* outputBlocks(modules: Modules) {
  let level = 0
  let index = 0
  for (let n = 0; n < blockCount(modules, 'output_blocks'); n++) {
    const block = `output_blocks.${n}`
    yield* resnet(modules, `${block}.0`, `up_blocks.${level}.resnets.${index}`)
    yield* attention(modules, `${block}.1`, `up_blocks.${level}.attentions.${index}`)
    index++
    // The upsampler follows the attention, or stands in its place where a level has none.
    const upsampler = [`${block}.1.conv`, `${block}.2.conv`].find(module => modules.has(module))
    if (upsampler !== undefined) {
      yield [`up_blocks.${level}.upsamplers.0.conv`, upsampler] as const
      level++
      index = 0
    }
  }
}

function* resnet(modules: Modules, ldm: string, diffusers: string) {
  for (const [from, to] of RESNET) {
    if (modules.has(`${ldm}.${from}`)) yield [`${diffusers}.${to}`, `${ldm}.${from}`] as const
  }
}

/** Inside a spatial transformer both layouts use the same names. */
function* attention(modules: Modules, ldm: string, diffusers: string) {
  if (!modules.has(`${ldm}.proj_in`)) return
  for (const module of modules.keys()) {
    if (module.startsWith(`${ldm}.`) && !module.startsWith(`${ldm}.conv`)) {
      yield [diffusers + module.slice(ldm.length), module] as const
    }
  }
}

function blockCount(modules: Modules, list: string): number {
  let count = 0
  for (const module of modules.keys()) {
    if (module.startsWith(`${list}.`)) count = Math.max(count, Number(module.split('.', 2)[1]) + 1)
  }
  return count
}
