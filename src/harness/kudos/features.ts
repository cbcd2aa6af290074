/**
 * The 47 features of the Horde's kudos model, in its order (AI-Horde `horde/classes/stable/kudos.py`): ten numbers, then the
 * samplers, control types, kinds of source and post-processors, each in alphabetical order.
 */
import type { KudosPayload } from './payload.js'

export const KUDOS_SAMPLERS = [
  'ddim',
  'k_dpm_2',
  'k_dpm_2_a',
  'k_dpm_adaptive',
  'k_dpm_fast',
  'k_dpmpp_2m',
  'k_dpmpp_2s_a',
  'k_dpmpp_sde',
  'k_euler',
  'k_euler_a',
  'k_heun',
  'k_lms',
  'plms',
  'uni_pc',
  'uni_pc_bh2',
] as const

export const KUDOS_CONTROL_TYPES = [
  'None',
  'canny',
  'depth',
  'fakescribbles',
  'hed',
  'hough',
  'normal',
  'openpose',
  'scribble',
  'seg',
] as const

export const KUDOS_SOURCES = ['img2img', 'inpainting', 'outpainting', 'txt2img'] as const

export const KUDOS_POST_PROCESSORS = [
  '4x_AnimeSharp',
  'CodeFormers',
  'GFPGAN',
  'NMKD_Siax',
  'RealESRGAN_x2plus',
  'RealESRGAN_x4plus',
  'RealESRGAN_x4plus_anime_6B',
  'strip_background',
] as const

export const FEATURES =
  10 + KUDOS_SAMPLERS.length + KUDOS_CONTROL_TYPES.length + KUDOS_SOURCES.length + KUDOS_POST_PROCESSORS.length

/** What the model cannot look at: the server then falls back on its old formula. */
export interface Unpriceable {
  reason: string
}

/**
 * Features of a payload, as 32-bit floats. An unknown sampler counts as k_euler; what else is unknown, or is missing, makes
 * the server's code raise.
 */
export function kudosFeatures(payload: KudosPayload): Float32Array | Unpriceable {
  const { width, height, steps, cfgScale, sourceImage, controlType = 'None', sampler, karras } = payload
  if (karras === undefined) return { reason: 'the payload does not say karras' }
  if (sampler === undefined) return { reason: 'the payload names no sampler' }
  const control = index(KUDOS_CONTROL_TYPES, controlType)
  if (control < 0) return { reason: `the model knows no control type ${controlType}` }
  const source = index(KUDOS_SOURCES, payload.sourceProcessing === 'remix' ? 'img2img' : payload.sourceProcessing)
  if (source < 0) return { reason: `the model knows no source processing ${payload.sourceProcessing}` }
  const unknown = payload.postProcessing.find(name => index(KUDOS_POST_PROCESSORS, name) < 0)
  if (unknown !== undefined) return { reason: `the model knows no post-processor ${unknown}` }

  const controlled = sourceImage && payload.controlType !== undefined
  const { denoisingStrength = 1, controlStrength = denoisingStrength } = payload
  const features = new Float32Array(FEATURES)
  features.set([
    height / 1024,
    width / 1024,
    steps / 100,
    cfgScale / 30,
    sourceImage && !controlled ? denoisingStrength : 1,
    controlled ? controlStrength : 1,
    Number(karras),
    Number(payload.hiresFix),
    Number(sourceImage),
    Number(payload.sourceMask),
  ])
  let at = 10
  const known = index(KUDOS_SAMPLERS, sampler)
  features[at + (known < 0 ? KUDOS_SAMPLERS.indexOf('k_euler') : known)] = 1
  at += KUDOS_SAMPLERS.length
  features[at + control] = 1
  at += KUDOS_CONTROL_TYPES.length
  features[at + source] = 1
  at += KUDOS_SOURCES.length
  for (const name of payload.postProcessing) {
    const place = at + index(KUDOS_POST_PROCESSORS, name)
    features[place] = (features[place] ?? 0) + 1
  }
  return features
}

function index(names: readonly string[], name: string): number {
  return names.indexOf(name)
}
