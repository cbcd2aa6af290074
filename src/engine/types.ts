/** What goes into the engine and what comes out of it. */
import type { Job, JobNote } from '../payload/job.js'
import type { Plan } from '../plan/types.js'

/** A tensor of a stage: shape and values, as the reference pack stores them. */
export interface StageTensor {
  shape: readonly number[]
  data: Float32Array
}

/**
 * Tensors that were computed on the way, by the names of the reference pack: `cond`, `uncond`, `cond_pooled`,
 * `uncond_pooled`, `noise`, `sigmas`, `encoded`, `noise_mask`, `step<k>.x`, `step<k>.denoised`, `first_pass`, `latent`.
 */
export type Stages = Record<string, StageTensor>

/** Milliseconds of wall time. */
export interface Timings {
  /** From the job's arrival in the lane to its first computation: graph building and session creation. */
  load: number
  encode: number
  /** One entry a sampler step. `inside` is spent in ONNX Runtime, `outside` is everything else. */
  steps: readonly { inside: number; outside: number }[]
  decode: number
  /** Conversion to 8 bit and compression. */
  output: number
  total: number
}

/** A drawn picture. */
export interface GeneratedImage {
  width: number
  height: number
  /** 3 for RGB, 4 with alpha, 1 for masks and maps. */
  channels: number
  /** Interleaved 8-bit pixels, width·height·channels. */
  pixels: Uint8Array
  /** SHA-256 of `pixels`, hex. */
  sha256: string
  format: 'png' | 'webp'
  /** The encoded file, parameters embedded. */
  file: Uint8Array
}

/** Something that went wrong with a job or a part of it, by the Horde's own words where it has them. */
export interface Fault {
  /** Stable code: the `code` of the error, e.g. `unsupported`. */
  code: string
  message: string
  hint?: string
}

export interface Generation {
  id: string
  /** `ok`: all pictures are there; `fault`: none is, and `faults` says why; `cancelled`. */
  state: 'ok' | 'fault' | 'cancelled'
  images: readonly GeneratedImage[]
  faults: readonly Fault[]
  notes: readonly JobNote[]
  job?: Job
  plan?: Plan
  /** SHA-256 of each stage's values, hex, by the names of {@link Stages}. */
  fingerprints: Readonly<Record<string, string>>
  /** Present when the call asked for them. */
  stages?: Stages
  timings: Timings
  /** How often the lane died under this job before it came through. */
  retries: number
}

export type EngineEvent =
  | { type: 'planned'; plan: Plan; notes: readonly JobNote[] }
  | { type: 'started' }
  | { type: 'step'; step: number; steps: number; pass: number; passes: number }
  | { type: 'restarted'; reason: string }
  | { type: 'finished'; generation: Generation }

export interface KeepOptions {
  /** Return the tensors of every stage but the steps. */
  stages?: boolean
  /** 0-based sampler steps whose `x` and `denoised` are returned. */
  steps?: readonly number[]
}

export interface GenerateOptions {
  /** Names the generation; a random one otherwise. */
  id?: string
  signal?: AbortSignal
  /** @default 'png' */
  format?: 'png' | 'webp'
  /** @default nothing but pictures and fingerprints */
  keep?: KeepOptions
}

/** A payload as the Horde sends it (a pop's whole answer or its `payload`), as text or parsed; or a job that is made already. */
export type GenerateRequest = string | Readonly<Record<string, unknown>> | { job: Job; plan?: Plan }

/** Await it for the generation, or iterate it for the events on the way; the last event is `finished`. */
export interface GenerationHandle extends PromiseLike<Generation>, AsyncIterable<EngineEvent> {
  readonly id: string
  /** Stops the job between two steps; the generation's state is then `cancelled`. */
  cancel(): void
}

export interface EngineEnvironment {
  provider: string
  /** Device or CPU model, as the system names it. */
  device: string
  isa: string
  dtype: string
  ort: string
  threads: number
}

export interface Engine {
  generate(request: GenerateRequest, options?: GenerateOptions): GenerationHandle
  environment(): Promise<EngineEnvironment>
  /** Waits for running jobs, then ends the lanes. */
  close(): Promise<void>
}
