/**
 * ControlNet files: inside they are like the first half of a UNet, in the layout of ldm or of diffusers, which differ in the names of
 * tensors alone (ComfyUI: comfy/controlnet.py `load_controlnet`).
 */
import { ModelFileError } from '../errors.js'
import { type Checkpoint, openCheckpoint } from './checkpoint.js'
import type { ModelFacts } from './facts.js'

/**
 * Opens a ControlNet; one of diffusers has ldm's names then. Reads the header only.
 *
 * @throws ModelFileError where it is none, or one that does several kinds of control
 */
export async function openControlnet(file: string): Promise<Checkpoint> {
  const checkpoint = await openCheckpoint(file)
  const { tensors } = checkpoint
  if (tensors.has('task_embedding')) {
    throw new ModelFileError(`${file}: is a ControlNet of the union kind, which is told what its picture shows`, {
      hint: 'Use a ControlNet for one kind of control.',
    })
  }
  if (!tensors.has('controlnet_cond_embedding.conv_in.weight')) return checkpoint
  const names = [...tensors.keys()]
  const renamed = [...tensors.values()].map(entry => ({ ...entry, name: ldmName(entry.name, names) }))
  return { ...checkpoint, tensors: new Map(renamed.map(entry => [entry.name, entry])) }
}

/** Modules by what diffusers calls them. Inside of attention both use the same names. */
const RENAMED: readonly (readonly [RegExp, string | ((...groups: number[]) => string)])[] = [
  [/^controlnet_cond_embedding\.conv_in\./, 'input_hint_block.0.'],
  [/^controlnet_cond_embedding\.blocks\.(\d+)\./, block => `input_hint_block.${2 * (block + 1)}.`],
  [/^controlnet_cond_embedding\.conv_out\./, 'input_hint_block.14.'],
  [/^controlnet_down_blocks\.(\d+)\./, block => `zero_convs.${block}.0.`],
  [/^controlnet_mid_block\./, 'middle_block_out.0.'],
  [/^conv_in\./, 'input_blocks.0.0.'],
  [/^time_embedding\.linear_([12])\./, layer => `time_embed.${2 * (layer - 1)}.`],
  [/^(?:add|class)_embedding\.linear_([12])\./, layer => `label_emb.0.${2 * (layer - 1)}.`],
  [/^mid_block\.resnets\.(\d)\./, index => `middle_block.${2 * index}.`],
  [/^mid_block\.attentions\.0\./, 'middle_block.1.'],
]

const INSIDE_RESNET: readonly (readonly [string, string])[] = [
  ['norm1', 'in_layers.0'],
  ['conv1', 'in_layers.2'],
  ['time_emb_proj', 'emb_layers.1'],
  ['norm2', 'out_layers.0'],
  ['conv2', 'out_layers.3'],
  ['conv_shortcut', 'skip_connection'],
]

function ldmName(name: string, all: readonly string[]): string {
  const inside = /\bresnets\.\d+\./.test(name)
    ? INSIDE_RESNET.reduce((name, [from, to]) => name.replace(`.${from}.`, `.${to}.`), name)
    : name
  const down = /^down_blocks\.(\d+)\.(resnets|attentions|downsamplers)\.(\d+)\.(?:conv\.(?=\w+$))?/.exec(inside)
  if (down !== null) {
    const [whole, level, part = '', index] = down
    const block =
      firstBlock(Number(level), all) + (part === 'downsamplers' ? blocksOf(Number(level), all) : Number(index))
    const place = part === 'resnets' ? '0.' : part === 'attentions' ? '1.' : '0.op.'
    return `input_blocks.${block}.${place}${inside.slice(whole.length)}`
  }
  for (const [pattern, to] of RENAMED) {
    const found = pattern.exec(inside)
    if (found === null) continue
    return (typeof to === 'string' ? to : to(...found.slice(1).map(Number))) + inside.slice(found[0].length)
  }
  return inside
}

const blocksOf = (level: number, all: readonly string[]): number =>
  new Set(all.flatMap(name => new RegExp(`^down_blocks\\.${level}\\.resnets\\.(\\d+)`).exec(name)?.[1] ?? [])).size

/** Number of a level's first block: the blocks of those before, and what halves the size between them. */
function firstBlock(level: number, all: readonly string[]): number {
  let first = 1
  for (let before = 0; before < level; before++) {
    const halves = all.some(name => name.startsWith(`down_blocks.${before}.downsamplers.`))
    first += blocksOf(before, all) + (halves ? 1 : 0)
  }
  return first
}

/** @throws ModelFileError where the file is no ControlNet, or was made for another family */
export async function checkControlnet(file: string, { family, unet }: ModelFacts): Promise<void> {
  const { tensors } = await openControlnet(file)
  const prefix = ['control_model.', ''].find(prefix => tensors.has(`${prefix}zero_convs.0.0.weight`))
  const input = prefix === undefined ? undefined : tensors.get(`${prefix}input_blocks.0.0.weight`)
  if (input === undefined) {
    throw new ModelFileError(`${file}: is no ControlNet: it has no zero_convs and input_blocks`, {
      hint: 'ControlNets in the layouts of ldm and of diffusers are known.',
    })
  }
  const context = [...tensors].find(([name]) => name.endsWith('.attn2.to_k.weight'))?.[1].shape[1]
  const expected = [unet.modelChannels, unet.outChannels, unet.contextDim]
  const got = [input.shape[0], input.shape[1], context ?? unet.contextDim]
  if (expected.some((size, i) => size !== got[i])) {
    const said = ([channels, latent, width]: readonly (number | undefined)[]) =>
      `${channels} channels, a latent of ${latent} and a context of ${width}`
    throw new ModelFileError(
      `${file}: is made for a UNet of ${said(got)}; this model (${family}) has ${said(expected)}`,
      { hint: 'Use a ControlNet made for the family of the model.' },
    )
  }
}
