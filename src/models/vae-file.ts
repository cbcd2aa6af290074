/**
 * VAEs: inside a checkpoint or in a file of their own. The layouts that are around differ in the names of tensors alone; they
 * are brought to ldm's (`encoder.…`, `decoder.…`), as ComfyUI does it (comfy/sd.py: `VAE`, comfy/diffusers_convert.py).
 */
import { ModelFileError } from '../errors.js'
import { type Checkpoint, openCheckpoint, type TensorEntry } from './checkpoint.js'

/** Where files keep a VAE. */
const PREFIXES = ['', 'first_stage_model.', 'vae.'] as const

/** Of the latents of all families here. */
const LATENT_CHANNELS = 4

/**
 * Opens a VAE's own file; a whole checkpoint serves as well. Names are ldm's, without a prefix.
 *
 * @throws ModelFileError where it is none, or one of another kind of latents
 */
export async function openVae(file: string): Promise<Checkpoint> {
  const { tensors, metadata } = await openCheckpoint(file)
  const prefix = PREFIXES.find(prefix => tensors.has(`${prefix}decoder.conv_in.weight`))
  if (prefix === undefined) throw notAVae(file, [...tensors.keys()])
  const inside = [...tensors.values()].filter(({ name }) => name.startsWith(prefix))
  const own = inside.map(entry => ({ ...entry, name: entry.name.slice(prefix.length) }))
  const named = own.some(({ name }) => DIFFUSERS.test(name)) ? asLdm(own) : own
  const vae = { file, metadata, tensors: new Map(named.map(entry => [entry.name, entry])) }
  checkVae(vae, '')
  return vae
}

/**
 * @returns channels of its latents
 * @throws ModelFileError where encoder or decoder is missing or other latents are meant
 */
export function checkVae({ file, tensors }: Checkpoint, prefix: string): number {
  for (const half of ['decoder', 'encoder']) {
    if (!tensors.has(`${prefix}${half}.conv_in.weight`)) {
      throw new ModelFileError(`${file}: has no VAE${prefix && ` under "${prefix}"`}: its ${half} is missing`, {
        hint: prefix ? 'Name a VAE for it: --vae FILE, or `vae` in the catalogue.' : 'A VAE of both halves is needed.',
      })
    }
  }
  const channels = tensors.get(`${prefix}decoder.conv_in.weight`)?.shape[1] ?? 0
  if (channels !== LATENT_CHANNELS) {
    throw new ModelFileError(`${file}: is a VAE of ${channels} latent channels, expected ${LATENT_CHANNELS}`, {
      hint: 'Use a VAE of the SD1, SD2 or SDXL family; those of SD3 and Flux have 16 channels.',
    })
  }
  return channels
}

/** Names that only diffusers gives. */
const DIFFUSERS = /^(en|de)coder\.(down_blocks|up_blocks|mid_block|conv_norm_out)\./

const RENAMED: readonly (readonly [RegExp, string])[] = [
  [/\.down_blocks\.(\d+)\.resnets\.(\d+)\./, '.down.$1.block.$2.'],
  [/\.down_blocks\.(\d+)\.downsamplers\.0\./, '.down.$1.downsample.'],
  [/\.up_blocks\.(\d+)\.resnets\.(\d+)\./, '.up.$1.block.$2.'],
  [/\.up_blocks\.(\d+)\.upsamplers\.0\./, '.up.$1.upsample.'],
  [/\.mid_block\.resnets\.0\./, '.mid.block_1.'],
  [/\.mid_block\.resnets\.1\./, '.mid.block_2.'],
  [/\.mid_block\.attentions\.0\./, '.mid.attn_1.'],
  [/\.conv_shortcut\./, '.nin_shortcut.'],
  [/\.conv_norm_out\./, '.norm_out.'],
  [/\.group_norm\./, '.norm.'],
  [/\.(?:to_out\.0|proj_attn)\./, '.proj_out.'],
  [/\.attn_1\.(?:to_q|query)\./, '.attn_1.q.'],
  [/\.attn_1\.(?:to_k|key)\./, '.attn_1.k.'],
  [/\.attn_1\.(?:to_v|value)\./, '.attn_1.v.'],
]

/** diffusers counts the levels of the decoder from its input, ldm from its output. */
function asLdm(entries: readonly TensorEntry[]): TensorEntry[] {
  const levels = 1 + Math.max(-1, ...entries.map(({ name }) => Number(/\.up_blocks\.(\d+)\./.exec(name)?.[1] ?? -1)))
  return entries.map(entry => {
    const renamed = RENAMED.reduce((name, [from, to]) => name.replace(from, to), entry.name)
    return { ...entry, name: renamed.replace(/\.up\.(\d+)\./, (_, level) => `.up.${levels - 1 - Number(level)}.`) }
  })
}

function notAVae(file: string, names: readonly string[]): ModelFileError {
  const small = names.some(name => /^(taesd_|encoder\.layers\.|\d+\.(conv\.)?\d*\.?weight)/.test(name))
  return new ModelFileError(
    `${file}: is no VAE${small ? ' but an approximation of one (TAESD)' : ''}: it has no tensor "decoder.conv_in.weight", ` +
      `under ${PREFIXES.filter(prefix => prefix !== '').join(' or ')} or without a prefix; it begins with ${names.slice(0, 3).join(', ')}`,
    { hint: 'VAEs of SD1, SD2 and SDXL are known, in the layouts of ldm and of diffusers.' },
  )
}
