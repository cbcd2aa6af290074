/**
 * One interface, many image makers. A backend takes payloads as the Horde sends them and answers with generations, as the
 * engine does; what it cannot do is a fault with the code `unsupported`, never a picture of something else.
 */
import type { EngineEnvironment, GenerationHandle, KeepOptions } from '../engine/types.js'

/** What a payload may ask for and a backend may lack. */
export const CAPABILITIES = [
  'txt2img',
  'img2img',
  'inpainting',
  'control',
  'hires_fix',
  'loras',
  'tis',
  'tiling',
  'batch',
  'post_processing',
  'transparent',
  'workflow',
] as const

export type Capability = (typeof CAPABILITIES)[number]

export interface BackendDescription {
  /** What a run says of who drew it, e.g. `horde-onnx`, `comfyui`. */
  name: string
  version: string
  /** Commit of the build, where it is known. */
  commit?: string
  can: readonly Capability[]
  /** Samplers by the Horde's names. @default all of them */
  samplers?: readonly string[]
  /** What its timings are: of its phases, or only from the call to the answer. */
  timings: 'phases' | 'total'
}

/** Where a backend computes. */
export interface BackendEnvironment extends EngineEnvironment {
  /** What is known of the machine where that is not this one, now: this one's instructions say nothing of it. */
  elsewhere?: { class: string; isa: string; node: string; platform: string; memoryBytes: number }
}

export interface BackendGenerateOptions {
  id: string
  /** Stages that are wanted beside the pictures; a backend that knows none of its own leaves them out. */
  keep?: KeepOptions
  signal?: AbortSignal
}

export interface Backend {
  describe(): Promise<BackendDescription>
  environment(): Promise<BackendEnvironment>
  /**
   * Draws a payload: the pictures come as PNG. It never rejects: what goes wrong is a fault of the generation.
   *
   * @param payload JSON, as fixtures hold it: a pop's whole answer or its `payload`
   */
  generate(payload: string, options: BackendGenerateOptions): GenerationHandle
  /** Waits for what is running, then lets go of processes and connections. */
  close(): Promise<void>
}
