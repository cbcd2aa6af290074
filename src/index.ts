/**
 * horde-onnx: a diffusion engine for the AI Horde on ONNX Runtime.
 *
 * @packageDocumentation
 */
export { createEngine, type EngineOptions } from './engine/create-engine.js'
export type { DeviceChoice } from './engine/devices/choose.js'
export type { ModelFile } from './engine/resolve-model.js'
export type {
  Engine,
  EngineEnvironment,
  EngineEvent,
  GeneratedImage,
  GenerateOptions,
  GenerateRequest,
  Generation,
  GenerationHandle,
  KeepOptions,
  LaneEvent,
  LaneStats,
  LanesStats,
  NetworkRecord,
  PlannedRequest,
  Precision,
  SchedulerStats,
  Stages,
  StageTensor,
  Timings,
} from './engine/types.js'
export * from './errors.js'
export type * from './models/facts.js'
export type * from './payload/job.js'
export type * from './plan/types.js'
export type { Emphasis } from './prompt/index.js'
export * from './sampling/names.js'
export { version } from './version.js'
