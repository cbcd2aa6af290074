/** Sigmas of a sampling pass, by the rules of ComfyUI's KSampler. */
import type { ModelSampling } from '../model-sampling.js'
import type { SamplerName, SchedulerName } from '../names.js'
import { SCHEDULES } from './schedules.js'

/** These get one step more than asked for and lose the last sigma before the 0. */
const DISCARDS_PENULTIMATE: ReadonlySet<SamplerName> = new Set(['dpm_2', 'dpm_2_ancestral', 'uni_pc', 'uni_pc_bh2'])

export interface ScheduleInput {
  scheduler: SchedulerName
  sampler: SamplerName
  /** At least 1. */
  steps: number
  /** Share of the schedule, from its end, that is sampled: a longer schedule is computed and its last `steps` steps kept. */
  denoise: number
  model: ModelSampling
}

/** `steps + 1` sigmas, descending to 0 (ddim_uniform and beta may give other numbers of them); none for a denoise of 0. */
export function scheduleSigmas({ scheduler, sampler, steps, denoise, model }: ScheduleInput): Float32Array {
  if (denoise <= 0) return new Float32Array()
  if (denoise > 0.9999) return fullSchedule({ scheduler, sampler, model }, steps)
  return fullSchedule({ scheduler, sampler, model }, Math.trunc(steps / denoise)).slice(-(steps + 1))
}

function fullSchedule(
  { scheduler, sampler, model }: Pick<ScheduleInput, 'scheduler' | 'sampler' | 'model'>,
  steps: number,
): Float32Array {
  const schedule = SCHEDULES[scheduler]
  if (!DISCARDS_PENULTIMATE.has(sampler)) return schedule(model, steps)
  const sigmas = schedule(model, steps + 1)
  return sigmas.filter((_, i) => i !== sigmas.length - 2)
}
