/**
 * What LoRA files call the modules of a checkpoint. Trainers name modules after ldm's keys, after diffusers' keys, with dots
 * or underscores; the names here are those that ComfyUI 0.19 knows (comfy/lora.py), no more and no fewer, so that the same
 * keys take effect. PEFT's plain `attn1.to_q` is not among them: ComfyUI wants `attn1.processor.to_q`.
 */
import type { Checkpoint, TensorEntry } from '../checkpoint.js'
import type { ModelFacts, TextEncoderFacts } from '../facts.js'
import { diffusersNames } from './diffusers-names.js'

/** A weight of the checkpoint, or some rows of one that fuses several modules. */
export interface LoraTarget {
  /** Name of the weight in the checkpoint. */
  key: string
  /** Name of the bias in the checkpoint; it need not exist. */
  biasKey: string
  /** Shape of the module's weight: output first. */
  shape: readonly number[]
  part: 'unet' | 'text'
  /** First row of the module in a fused weight (OpenCLIP's `in_proj`); its rows are `shape[0]`. */
  firstRow?: number
  /** The checkpoint keeps this weight with its input first (OpenCLIP's `text_projection`). */
  transposed?: true
}

/** From a module's name in a LoRA file to the weight it changes. Later names win where a file uses two for one weight. */
export function loraTargets(checkpoint: Checkpoint, facts: ModelFacts): ReadonlyMap<string, LoraTarget> {
  const targets = new Map<string, LoraTarget>()
  addUnet(targets, checkpoint, facts.unet.prefix)
  for (const encoder of facts.textEncoders) addTextEncoder({ targets, checkpoint, encoder, all: facts.textEncoders })
  return targets
}

const underscored = (name: string): string => name.replaceAll('.', '_')

function addUnet(targets: Map<string, LoraTarget>, { tensors }: Checkpoint, prefix: string): void {
  const modules = new Map<string, LoraTarget>()
  for (const { name, shape } of tensors.values()) {
    if (!name.startsWith(prefix) || !name.endsWith('.weight')) continue
    const module = name.slice(prefix.length, -'.weight'.length)
    modules.set(module, { key: name, biasKey: `${prefix}${module}.bias`, shape, part: 'unet' })
  }
  for (const [module, target] of modules) {
    targets.set(`lora_unet_${underscored(module)}`, target)
    targets.set(`diffusion_model.${module}`, target)
  }
  for (const [name, module] of diffusersNames(modules)) {
    const target = modules.get(module)
    if (target === undefined) continue
    targets.set(`lora_unet_${underscored(name)}`, target)
    targets.set(`lycoris_${underscored(name)}`, target)
    const processor = name.replaceAll('.to_', '.processor.to_').replace(/\.to_out\.0$/, '.to_out')
    targets.set(processor, target)
    targets.set(`unet.${processor}`, target)
  }
}

interface TextQuestion {
  targets: Map<string, LoraTarget>
  checkpoint: Checkpoint
  encoder: TextEncoderFacts
  all: readonly TextEncoderFacts[]
}

const TEXT_MODULES = [
  'mlp.fc1',
  'mlp.fc2',
  'self_attn.k_proj',
  'self_attn.q_proj',
  'self_attn.v_proj',
  'self_attn.out_proj',
] as const

type TextModule = (typeof TEXT_MODULES)[number]

function addTextEncoder({ targets, checkpoint, encoder, all }: TextQuestion): void {
  // SDXL's second encoder has a number of its own; wherever there is only one, it is the first.
  const second = encoder.kind === 'clip-g' && all.some(({ kind }) => kind === 'clip-l')
  const kohya = second ? ['lora_te2'] : encoder.kind === 'clip-g' ? ['lora_te'] : ['lora_te', 'lora_te1']
  const dotted = [
    second ? 'text_encoder_2' : 'text_encoder',
    `text_encoders.${encoder.kind.replace('-', '_')}.transformer`,
  ]
  for (let layer = 0; layer < encoder.layers; layer++) {
    for (const module of TEXT_MODULES) {
      const target = textTarget({ tensors: checkpoint.tensors, encoder, layer, module })
      if (target === undefined) continue
      const name = `text_model.encoder.layers.${layer}.${module}`
      for (const prefix of kohya) targets.set(`${prefix}_${underscored(name)}`, target)
      for (const prefix of dotted) targets.set(`${prefix}.${name}`, target)
    }
  }
  const projection = projectionTarget(checkpoint.tensors, encoder)
  const name = { 'clip-l': 'lora_te1_text_projection', 'clip-g': 'lora_te2_text_projection', 'clip-h': '' }[
    encoder.kind
  ]
  if (projection !== undefined && name !== '') targets.set(name, projection)
}

interface TextPlace {
  tensors: ReadonlyMap<string, TensorEntry>
  encoder: TextEncoderFacts
  layer: number
  module: TextModule
}

function textTarget({ tensors, encoder, layer, module }: TextPlace): LoraTarget | undefined {
  if (encoder.layout === 'clip') {
    const path = `${encoder.prefix}text_model.encoder.layers.${layer}.${module}`
    return plainTarget(tensors, path)
  }
  const path = `${encoder.prefix}transformer.resblocks.${layer}`
  const fused = ['self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'].indexOf(module)
  if (fused < 0) return plainTarget(tensors, `${path}.${OPEN_CLIP[module]}`)
  const key = `${path}.attn.in_proj_weight`
  if (!tensors.has(key)) return undefined
  const { width } = encoder
  return {
    key,
    biasKey: `${path}.attn.in_proj_bias`,
    shape: [width, width],
    part: 'text',
    firstRow: fused * width,
  }
}

const OPEN_CLIP: Partial<Record<TextModule, string>> = {
  'mlp.fc1': 'mlp.c_fc',
  'mlp.fc2': 'mlp.c_proj',
  'self_attn.out_proj': 'attn.out_proj',
}

function plainTarget(tensors: ReadonlyMap<string, TensorEntry>, path: string): LoraTarget | undefined {
  const weight = tensors.get(`${path}.weight`)
  return weight && { key: weight.name, biasKey: `${path}.bias`, shape: weight.shape, part: 'text' }
}

function projectionTarget(
  tensors: ReadonlyMap<string, TensorEntry>,
  { prefix }: TextEncoderFacts,
): LoraTarget | undefined {
  const plain = plainTarget(tensors, `${prefix}text_projection`)
  const turned = tensors.get(`${prefix}text_projection`)
  if (plain !== undefined || turned === undefined) return plain
  return {
    key: turned.name,
    biasKey: `${turned.name}.bias`,
    shape: turned.shape.toReversed(),
    part: 'text',
    transposed: true,
  }
}
