/** What a plan and a graph must know of a checkpoint, read from its header alone. Plain data: it travels between processes. */

export type ModelFamily = 'sd1' | 'sd2' | 'sdxl' | 'sdxl-refiner'

/** What the UNet predicts: the noise, the velocity, or the velocity under EDM's preconditioning. */
export type Prediction = 'eps' | 'v' | 'edm-v' | 'edm-eps'

export type TextEncoderKind = 'clip-l' | 'clip-h' | 'clip-g'

export interface TextEncoderFacts {
  kind: TextEncoderKind
  /** Key prefix inside the checkpoint, with its trailing dot. */
  prefix: string
  /** `clip`: transformers' CLIPTextModel keys; `open-clip`: OpenCLIP's (`resblocks`, fused `in_proj`). */
  layout: 'clip' | 'open-clip'
  width: number
  layers: number
  heads: number
  /** `quick_gelu` for CLIP-L, `gelu` (erf) for OpenCLIP. */
  activation: 'quick_gelu' | 'gelu'
  /** Token that fills a chunk after its end token: 49407 for CLIP-L in SD1 and SDXL, 0 for OpenCLIP. */
  padToken: number
  hasProjection: boolean
}

export interface UnetFacts {
  prefix: string
  modelChannels: number
  /** 4; 8 for instruct-pix2pix; 9 for inpainting. */
  inChannels: number
  outChannels: number
  contextDim: number
  /** Heads per attention, or channels per head: one of the two is fixed by the family. */
  heads: { count: number } | { channels: number }
  /** Projections of the spatial transformer: 1×1 convolutions (SD1) or linear layers. */
  linearProjections: boolean
  /** Width of the vector conditioning (`label_emb`), where there is one. */
  admChannels?: number
}

export interface VaeFacts {
  prefix: string
  /** Latents are multiplied by this after encoding: 0.18215 or 0.13025. */
  scaleFactor: number
  latentChannels: number
  /** Latents are brought to mean 0 and deviation 1 before that, each channel by its own numbers. */
  normalized?: { mean: readonly number[]; std: readonly number[] }
}

export interface SamplingFacts {
  prediction: Prediction
  /** The table is rescaled to zero terminal signal-to-noise. */
  zeroTerminalSnr: boolean
  /** Range of sigmas of EDM models. */
  edm?: { sigmaMin: number; sigmaMax: number; sigmaData: number }
}

export interface ModelFacts {
  family: ModelFamily
  textEncoders: readonly TextEncoderFacts[]
  unet: UnetFacts
  vae: VaeFacts
  sampling: SamplingFacts
}
