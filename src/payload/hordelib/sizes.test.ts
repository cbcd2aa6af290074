import { describe, expect, it } from 'vitest'
import { asInPack, packMissing, readPack } from '../../../test/support/hordelib-pack.js'
import { UnsupportedError } from '../../errors.js'
import type { PayloadImage } from '../image.js'
import type { Size } from '../job.js'
import { CONTROL_TYPES, controlSettings } from './control.js'
import {
  firstPassMax,
  firstPassMin,
  firstPassSdxl,
  firstPassSize,
  nativeResolution,
  resizeDimensions,
  type SecondPass,
  secondPassSteps,
} from './hires.js'
import { postProcessorKind, upscalerScaleFactor } from './post-processing.js'
import { shrunkSize, sourceSize } from './sources.js'

const cases = packMissing === '' ? readPack('image-rules.json').cases : []

describe.skipIf(packMissing !== '')(`sizes and steps as hordelib computes them${packMissing}`, () => {
  /** Runs every case of a function that does not raise; `compute` gets the input as the pack has it. */
  function all(fn: string, count: number, compute: (input: never) => unknown) {
    const chosen = cases.filter(c => c.fn === fn)
    it(`${fn}: ${count} cases`, () => {
      expect(chosen).toHaveLength(count)
      for (const { id, in: input, out } of chosen) {
        if (typeof out === 'object' && out !== null && 'raises' in out) continue
        expect(compute(input as never), id as string).toEqual(asInPack(out))
      }
    })
  }

  const pair = (size: Size) => [size.width, size.height]
  const size = ([width, height]: [number, number]): Size => ({ width, height })

  all('first_pass_min', 56, input => pair(firstPassMin(size(input))))
  all('first_pass_max', 56, input => pair(firstPassMax(size(input))))
  all('first_pass_sdxl', 56, input => pair(firstPassSdxl(size(input))))
  all('resize_image_dimensions', 20, ([width, height, resolution, min]: [number, number, number, boolean]) =>
    pair(resizeDimensions({ width, height }, resolution, min ? 'min' : 'max')),
  )
  all('upscale_steps', 765, (input: SecondPass) => secondPassSteps(input))
  all('hires_first_pass', 171, ({ baseline, width, height }: Size & { baseline: string | null }) => {
    const first = firstPassSize({ width, height }, baseline ?? '')
    return {
      'latent_upscale.width': width,
      'latent_upscale.height': height,
      'empty_latent_image.width': first.width,
      'empty_latent_image.height': first.height,
    }
  })
  all('native_resolution', 11, (baseline: string) => nativeResolution(baseline))
  all('upscaler_scale_factor', 10, upscalerScaleFactor)
  all('post_processor_kind', 19, postProcessorKind)
  all('shrink_image', 14, (input: Partial<Size> & { image: [number, number]; preserve_aspect: boolean }) => {
    const { image, width, height, preserve_aspect } = input
    if (typeof width !== 'number' || typeof height !== 'number') return null
    const shrunk = shrunkSize(size(image), { width, height }, preserve_aspect)
    return `<PIL ${shrunk.width}x${shrunk.height} RGB>`
  })
  all('resize_sources', 261, (input: Record<string, number | PayloadImage | null>) => {
    const up64 = (pixels: unknown) => Math.ceil((pixels as number) / 64) * 64
    const [width, height] = [up64(input.width), up64(input.height)]
    const image = asInPack(input.source_image ?? null) as string | null
    const mask = asInPack(input.source_mask ?? null) as string | null
    const first = sourceSize({
      width,
      height,
      hires: Boolean(input.hires_fix),
      control: Boolean(input.control_type),
      firstWidth: (input.hires_fix_first_pass_width ?? null) as number | null,
      firstHeight: (input.hires_fix_first_pass_height ?? null) as number | null,
    })
    const mode = (marker: string) => marker.split(' ')[2]
    return {
      source_image: image && `<PIL ${first.width}x${first.height} ${mask ? 'RGBA>' : mode(image)}`,
      source_mask: mask && (image ? `<PIL ${width}x${height} ${mode(mask)}` : mask),
      width,
      height,
    }
  })
  all('configure_controlnet', 68, (input: Size & { control_type: string; image_is_control: boolean }) => {
    const { control_type: type, image_is_control: imageIsControl, width, height } = input
    const known = CONTROL_TYPES.find(known => known === type)
    // `fakescribble` has a file in hordelib and no annotator, but no payload can name it: it is no control type.
    const [file, annotator, resolution] =
      known === undefined
        ? [
            type === 'fakescribble' ? 'control_scribble_fp16.safetensors' : null,
            imageIsControl ? 'none' : null,
            Math.min(width, height),
          ]
        : Object.values(controlSettings({ type: known, imageIsControl, width, height }))
    return {
      'controlnet_model_loader.control_net_name': file,
      'preprocessor.preprocessor': annotator ?? (imageIsControl ? 'none' : null),
      'preprocessor.resolution': resolution,
    }
  })

  it('refuses a family without a resolution', () => expect(() => nativeResolution('infer')).toThrow(UnsupportedError))
})
