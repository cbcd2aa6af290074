/**
 * What a checkpoint is, told from the names and shapes of its tensors as ComfyUI does (comfy/model_detection.py,
 * comfy/supported_models.py), but by structure instead of by the published widths, so that small models count, too.
 */
import { ModelFileError } from '../errors.js'
import { type Checkpoint, readFloats, type TensorEntry } from './checkpoint.js'
import { textEncoders } from './detect-text.js'
import type {
  ModelFacts,
  ModelFamily,
  Prediction,
  SamplingFacts,
  TextEncoderFacts,
  UnetFacts,
  VaeFacts,
} from './facts.js'
import { checkVae } from './vae-file.js'

export interface DetectOptions {
  /** The VAE that is used instead of the checkpoint's own, if that has one ({@link openVae}). */
  vae?: Checkpoint
  /** Names of empty tensors to be added before the checkpoint is looked at: `v_pred`, `ztsnr`. */
  extraKeys?: readonly string[]
}

const UNET = 'model.diffusion_model.'
const VAE = 'first_stage_model.'

/** Sizes of SDXL's size conditioning: six numbers of 256 for the base, five for the refiner. */
const SIZE_EMBEDDING = 256

/**
 * Tells family, text encoders, UNet, VAE and prediction type of a checkpoint. Reads its header, and for SD2 one bias.
 *
 * @throws ModelFileError saying what was looked for and what was found, when it is no model this engine knows.
 */
export async function detectModel(checkpoint: Checkpoint, options: DetectOptions = {}): Promise<ModelFacts> {
  const { file, tensors } = checkpoint
  const extra = new Set(options.extraKeys)
  const has = (name: string) => tensors.has(name) || extra.has(name)
  refuseUnknown(checkpoint)
  const encoders = textEncoders(checkpoint)
  const unet = unetFacts(checkpoint, UNET)
  const family = familyOf({ file, unet, encoders })
  return {
    family,
    textEncoders: encoders,
    unet: { ...unet, heads: family === 'sd1' ? { count: 8 } : { channels: 64 } },
    vae: {
      ...(options.vae ? vaeFacts(options.vae, '', family) : vaeFacts(checkpoint, VAE, family)),
      ...(isPlayground(has) ? PLAYGROUND_LATENTS : {}),
    },
    sampling: await samplingFacts({ checkpoint, family, unet, has }),
  }
}

/**
 * A UNet's or ControlNet's facts from its shapes. Heads are 64 channels wide; SD1 alone differs, and is not told here.
 *
 * @param prefix e.g. `model.diffusion_model.` or `control_model.`
 */
export function unetFacts({ file, tensors }: Checkpoint, prefix: string): UnetFacts {
  const entry = (suffix: string, dims: number): TensorEntry => {
    const found = tensors.get(prefix + suffix)
    if (found === undefined) throw unknown(file, `has no tensor "${prefix}${suffix}"`)
    if (found.shape.length !== dims) {
      throw unknown(file, `tensor "${found.name}": expected ${dims} dimensions, got [${found.shape.join(', ')}]`)
    }
    return found
  }
  const [modelChannels = 0, inChannels = 0] = entry('input_blocks.0.0.weight', 4).shape
  const out = tensors.get(`${prefix}out.2.weight`)
  const keys = tensors.get(firstKey(tensors, prefix, '.transformer_blocks.0.attn2.to_k.weight'))
  const projection = tensors.get(firstKey(tensors, prefix, '.1.proj_in.weight'))
  if (keys === undefined || projection === undefined) throw unknown(file, 'has no cross-attention in its UNet')
  const label = tensors.get(`${prefix}label_emb.0.0.weight`)
  return {
    prefix,
    modelChannels,
    inChannels,
    outChannels: out?.shape[0] ?? 4,
    contextDim: keys.shape[1] ?? 0,
    heads: { channels: 64 },
    linearProjections: projection.shape.length === 2,
    ...(label === undefined ? {} : { admChannels: label.shape[1] ?? 0 }),
  }
}

function firstKey(tensors: ReadonlyMap<string, TensorEntry>, prefix: string, suffix: string): string {
  for (const name of tensors.keys()) if (name.startsWith(prefix) && name.endsWith(suffix)) return name
  return prefix + suffix
}

/** Files that have tensors enough to be taken for something else, or that this engine would draw wrongly. */
function refuseUnknown({ file, tensors }: Checkpoint): void {
  const names = [...tensors.keys()]
  const starts = (prefix: string) => names.some(name => name.startsWith(prefix))
  if (!starts(UNET)) throw notACheckpoint(file, names)
  if (starts(`${UNET}double_blocks.`) || starts(`${UNET}joint_blocks.`)) {
    throw unknown(file, 'is a transformer model (Flux, SD3 or a relative), not a UNet')
  }
  const scaled = names.find(name => name.endsWith('.scale_weight') || name.endsWith('scaled_fp8'))
  if (scaled !== undefined) {
    throw unknown(file, `has fp8 weights with scales ("${scaled}"); plain fp8, fp16, bf16 and fp32 are known`)
  }
  if (starts('cc_projection.')) throw unknown(file, 'is Stable Zero123, which takes an image for its prompt')
  if (starts('embedder.model.visual.')) throw unknown(file, 'is an unCLIP model, which takes an image for its prompt')
}

function notACheckpoint(file: string, names: readonly string[]): ModelFileError {
  const kinds: readonly (readonly [RegExp, string])[] = [
    [/^control_model\./, 'a ControlNet'],
    [/lora_(up|down|A|B)\b|\.lora\.|hada_w1|lokr_w/, 'a LoRA'],
    [/^(decoder|encoder|first_stage_model)\./, 'a VAE'],
    [/^(conv_first|model\.0|params)/, 'an upscaler'],
    [/^(emb_params|clip_[lgh]|string_to_param)/, 'a textual inversion'],
    [/^(down_blocks|unet\.)/, 'a UNet in the layout of diffusers'],
  ]
  const kind = kinds.find(([pattern]) => names.some(name => pattern.test(name)))?.[1]
  return unknown(file, kind === undefined ? `has no UNet under "${UNET}"` : `is ${kind}, not a checkpoint`, names)
}

interface Parts {
  file: string
  unet: UnetFacts
  encoders: readonly TextEncoderFacts[]
}

function familyOf({ file, unet, encoders }: Parts): ModelFamily {
  const kinds = encoders.map(encoder => encoder.kind).join('+')
  const width = encoders.reduce((sum, encoder) => sum + encoder.width, 0)
  if (unet.contextDim !== width) {
    throw unknown(file, `its UNet expects embeddings of ${unet.contextDim}, its text encoders (${kinds}) give ${width}`)
  }
  if (unet.outChannels !== 4 || ![4, 8, 9].includes(unet.inChannels)) {
    throw unknown(
      file,
      `its UNet takes ${unet.inChannels} channels and gives ${unet.outChannels}; known are 4 (or 8 for instruct-pix2pix, 9 for inpainting) and 4`,
    )
  }
  const family = FAMILIES[`${kinds}${unet.admChannels === undefined ? '' : '+adm'}`]
  if (family === undefined || unet.linearProjections !== (family !== 'sd1')) {
    throw unknown(
      file,
      `text encoders ${kinds}, ${unet.linearProjections ? 'linear' : 'convolutional'} projections and ` +
        `${unet.admChannels ?? 'no'} channels of size conditioning are no family`,
    )
  }
  const pooled = encoders.at(-1)?.width ?? 0
  const sizes = { sdxl: 6, 'sdxl-refiner': 5, sd1: 0, sd2: 0 }[family]
  if (unet.admChannels !== undefined && unet.admChannels !== pooled + sizes * SIZE_EMBEDDING) {
    throw unknown(
      file,
      `size conditioning has ${unet.admChannels} channels, expected ${pooled + sizes * SIZE_EMBEDDING}`,
    )
  }
  return family
}

const FAMILIES: Readonly<Record<string, ModelFamily>> = {
  'clip-l': 'sd1',
  'clip-h': 'sd2',
  'clip-l+clip-g+adm': 'sdxl',
  'clip-g+adm': 'sdxl-refiner',
}

function vaeFacts(checkpoint: Checkpoint, prefix: string, family: ModelFamily): VaeFacts {
  const latentChannels = checkVae(checkpoint, prefix)
  const scaleFactor = family === 'sdxl' || family === 'sdxl-refiner' ? 0.13025 : 0.18215
  return { prefix, scaleFactor, latentChannels }
}

/** Playground 2.5 (Li et al. 2024, arXiv:2402.17245): SDXL trained as an EDM on normalized latents. Two keys tell it. */
const isPlayground = (has: (name: string) => boolean) => has('edm_mean') && has('edm_std')

/** comfy/latent_formats.py: `SDXL_Playground_2_5`. */
const PLAYGROUND_LATENTS = {
  scaleFactor: 0.5,
  normalized: { mean: [-1.6574, 1.886, -1.383, 2.5155], std: [8.4927, 5.9022, 6.5498, 5.2299] },
} as const

/** comfy/supported_models.py: `SDXL.model_type`. */
const PLAYGROUND_SIGMAS = { sigmaMin: 0.002, sigmaMax: 80, sigmaData: 0.5 } as const

interface SamplingQuestion {
  checkpoint: Checkpoint
  family: ModelFamily
  unet: UnetFacts
  has: (name: string) => boolean
}

/** comfy/supported_models.py: `SD20.model_type`, `SDXL.model_type`; SD1 and the refiner always predict the noise. */
async function samplingFacts({ checkpoint, family, unet, has }: SamplingQuestion): Promise<SamplingFacts> {
  const plain = (prediction: Prediction): SamplingFacts => ({ prediction, zeroTerminalSnr: false })
  if (family === 'sd2') return plain(await sd2Prediction(checkpoint, unet))
  if (family !== 'sdxl') return plain('eps')
  if (isPlayground(has)) return { ...plain('edm-eps'), edm: PLAYGROUND_SIGMAS }
  const sigmaMax = await scalar(checkpoint, 'edm_vpred.sigma_max')
  if (sigmaMax !== undefined) {
    const sigmaMin = (await scalar(checkpoint, 'edm_vpred.sigma_min')) ?? 0.002
    return { ...plain('edm-v'), edm: { sigmaMin, sigmaMax, sigmaData: 1 } }
  }
  return has('v_pred') ? { prediction: 'v', zeroTerminalSnr: has('ztsnr') } : plain('eps')
}

/** SD2's two training targets left one layer norm's bias with different spreads; nothing else in the file tells them. */
async function sd2Prediction({ tensors }: Checkpoint, unet: UnetFacts): Promise<Prediction> {
  const bias = tensors.get(`${unet.prefix}output_blocks.11.1.transformer_blocks.0.norm1.bias`)
  if (unet.inChannels !== 4 || bias === undefined) return 'eps'
  const values = await readFloats(bias)
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  return Math.sqrt(variance) > 0.09 ? 'v' : 'eps'
}

async function scalar({ tensors }: Checkpoint, name: string): Promise<number | undefined> {
  const entry = tensors.get(name)
  return entry === undefined ? undefined : (await readFloats(entry))[0]
}

function unknown(file: string, what: string, names: readonly string[] = []): ModelFileError {
  const found = names.length === 0 ? '' : `; it begins with ${names.slice(0, 3).join(', ')}`
  return new ModelFileError(`${file}: ${what}${found}`, {
    hint: 'Known are single-file checkpoints of Stable Diffusion 1.x, 2.x, SDXL and its refiner, with text encoders and VAE.',
  })
}
