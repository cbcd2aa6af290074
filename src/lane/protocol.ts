/** What an engine and its lanes say to each other. Messages are structured clones: typed arrays travel as they are. */
import type { Fault } from '../errors.js'
import type { Mask } from '../imaging/mask.js'
import type { Picture } from '../imaging/picture.js'
import type { JobNote } from '../payload/job.js'
import type { Plan } from '../plan/types.js'
import type { LeaveFree } from './memory/budget.js'
import type { NetworkRecord } from './memory/pool.js'
import type { SchedulerStats } from './schedule/scheduler.js'

/** A tensor of a stage: shape and values, as the reference pack stores them. */
export interface StageTensor {
  shape: readonly number[]
  data: Float32Array
}

/**
 * Tensors that were computed on the way, by the names of the reference pack: `cond`, `uncond`, `cond_pooled`,
 * `uncond_pooled`, `noise`, `sigmas`, `encoded`, `noise_mask`, `step<k>.x`, `step<k>.denoised`, `first_pass`, `latent`; and
 * `control`, the hint of a ControlNet. Those of the second pass begin with `pass2.`.
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
  /** Spent waiting while other jobs of the lane were served; no part of the phases. */
  waiting?: number | undefined
  /** Conversion to 8 bit and compression. */
  output: number
  total: number
}

/** Tensors that a job's owner wants back. */
export interface KeepOptions {
  /** Return the tensors of every stage but the steps. */
  stages?: boolean
  /** 0-based sampler steps whose `x` and `denoised` are returned. */
  steps?: readonly number[]
  /**
   * Return what the gates of the harness compare: the encoded source, the denoised latent of a few telling steps and the
   * last latent of every pass as they are, of everything else and of every step a sketch, named `….sketch`.
   */
  gates?: boolean
}

/** Where a lane computes. */
export interface EngineEnvironment {
  provider: string
  /** Device or CPU model, as the system names it. */
  device: string
  dtype: string
  /** Version of ONNX Runtime. */
  ort: string
  /** Execution providers whose libraries are installed. */
  providers: readonly string[]
  threads: number
}

/** A device of an execution provider. */
export interface Device {
  provider: 'cpu' | 'webgpu' | 'cuda'
  /** Number among the devices of its provider. */
  index: number
  /** As its driver or the system names it. */
  name: string
  /** False where the device computes ONNX Runtime's fused attention wrongly. @default true */
  fusedAttention?: boolean
}

/** What UNet and ControlNet compute in. Text encoders and VAE compute in fp32 always. */
export type Precision = 'fp32' | 'fp16'

export interface LaneOptions {
  device: Device
  dtype: Precision
  /** Threads that ONNX Runtime uses within an operator. */
  threads: number
  /** Every job computes as if it were alone: its runs are never shared with others'. */
  deterministic: boolean
  /** Memory that is left to others. */
  ramToLeaveFree: LeaveFree
  /** The same of the device's own memory. */
  vramToLeaveFree?: LeaveFree
}

export interface LaneTask {
  id: string
  /** Each point doubles the job's share of the lane. */
  priority: number
  plan: Plan
  /** Path of the checkpoint. It is no part of the plan: plans are equal on every machine. */
  file: string
  /** Path of the VAE, where it is not the checkpoint's own. */
  vae?: string
  /** Files of the textual inversions that the plan's tokens name. */
  embeddings: Readonly<Record<string, string>>
  /** Files of the plan's LoRAs, in their order. */
  loras: readonly string[]
  /** Pictures of the plan's source: 8 bit as the VAE gets it, the mask as values 0 to 1. */
  source?: { image: Picture; mask?: Mask }
  /** The ControlNet of the plan's first pass and its map. */
  control?: { file: string; map: Picture }
  keep: KeepOptions
}

export interface LaneResult {
  /** Not compressed yet. */
  images: Picture[]
  /** What had to be done differently. */
  notes: JobNote[]
  fingerprints: Record<string, string>
  stages?: Stages
  timings: Omit<Timings, 'output'>
}

export type ToLane =
  | { type: 'run'; task: LaneTask }
  | { type: 'cancel'; id: string }
  | { type: 'ping' }
  | { type: 'release' }
  | { type: 'close' }

/** A stretch of work during which the lane cannot answer: it blocks its thread. */
export interface Busy {
  type: 'busy'
  /** For messages: `load unet`, `denoise`, `decode` … */
  what: string
  /** Size of the work: multiply-adds of a run, bytes of a load. The engine turns it into the longest time it may take. */
  work: { multiplyAdds: number } | { bytes: number }
}

/** How a lane is. */
export interface LaneStats {
  /** Memory of the process, bytes: now, and before anything was loaded. */
  rss: number
  emptyRss: number
  /** Bytes that may still be taken, and that are left free. */
  available: number
  leaveFree: number
  networks: readonly NetworkRecord[]
  scheduler: SchedulerStats
}

export type FromLane =
  | { type: 'ready'; environment: EngineEnvironment }
  | Busy
  | { type: 'idle' }
  | { type: 'pong' }
  | { type: 'stats'; stats: LaneStats }
  | { type: 'started'; id: string }
  | { type: 'step'; id: string; step: number; steps: number; pass: number; passes: number }
  | { type: 'done'; id: string; result: LaneResult }
  | { type: 'fault'; id: string; fault: Fault }
  | { type: 'cancelled'; id: string }
