/** The options of `generate` that say what to draw, and the payload they make. */
import { readFile } from 'node:fs/promises'
import type { GenerateOptions, GenerateRequest } from '../engine/types.js'
import { UsageError } from '../errors.js'
import { CONTROL_TYPES } from '../payload/hordelib/control.js'
import { HORDE_SAMPLERS } from '../payload/hordelib/samplers.js'
import { SAMPLER_NAMES, SCHEDULER_NAMES } from '../sampling/names.js'
import { decimal, integer } from './command.js'

const PROCESSINGS = ['img2img', 'inpainting', 'outpainting'] as const

export const REQUEST_ARGS = {
  prompt: { type: 'positional', required: false, description: 'What to draw; "###" starts the negative prompt' },
  payload: {
    type: 'string',
    valueHint: 'FILE',
    description: 'A payload or a pop of the Horde (JSON); replaces the prompt and everything that says what to draw',
  },
  model: { type: 'string', description: 'Name in the catalogue [default: pocket-sd15]' },
  negative: { type: 'string', description: 'Negative prompt' },
  seed: { type: 'string', description: '0 to 2^63-1 [default: random]' },
  steps: { type: 'string', description: 'Sampler steps, 1 to 500 [default: 20]' },
  cfg: { type: 'string', description: 'Guidance scale, 1 to 100 [default: 5]' },
  sampler: {
    type: 'string',
    description: "The Horde's name (k_euler_a, k_dpmpp_2m, ddim …) or ComfyUI's (dpmpp_2m_sde …) [default: k_euler]",
  },
  karras: { type: 'boolean', default: true, description: 'Karras schedule; --no-karras for the normal one' },
  schedule: { type: 'string', description: `Overrules --karras: ${SCHEDULER_NAMES.join(', ')}` },
  width: { type: 'string', description: 'Pixels, a multiple of 64 [default: 128]' },
  height: { type: 'string', description: 'Pixels, a multiple of 64 [default: 128]' },
  'clip-skip': { type: 'string', description: '1 is the last layer of the text encoder [default: 1]' },
  number: { type: 'string', alias: 'n', description: 'Pictures from one noise stream [default: 1]' },
  tiling: { type: 'boolean', description: 'A picture that repeats seamlessly' },
  hires: { type: 'boolean', description: 'Draw small first, then a second pass at full size' },
  'hires-denoise': { type: 'string', description: 'How much the second pass may change, 0.01 to 1 [default: 0.65]' },
  lora: {
    type: 'string',
    valueHint: 'NAME[:MODEL[:CLIP]],…',
    description: 'LoRAs of the --adapters folders and their strengths on UNet and text encoder [default: 1]',
  },
  source: { type: 'string', valueHint: 'FILE', description: 'Picture to start from, or that --control looks at' },
  mask: { type: 'string', valueHint: 'FILE', description: 'White is painted, black is kept' },
  processing: {
    type: 'string',
    description: `What becomes of --source: ${PROCESSINGS.join(', ')} [default: img2img, with --mask inpainting]`,
  },
  denoise: { type: 'string', description: 'How much may change, 0.01 to 1 [default: 1, with --source 0.75]' },
  control: { type: 'string', valueHint: 'TYPE', description: 'Steer by the map of --source: canny, scribble, tile …' },
  'control-strength': { type: 'string', description: '0.01 to 3 [default: 1]' },
  'source-is-map': { type: 'boolean', description: '--source is a control map already' },
  emphasis: { type: 'string', description: 'Whose parentheses: comfy or a1111 [default: comfy]' },
  noise: { type: 'string', description: 'Noise of the steps: cuda (as a GPU draws it) or cpu [default: cuda]' },
} as const

type RequestArgs = { [Name in Exclude<keyof typeof REQUEST_ARGS, Flag>]?: string | undefined } & {
  [Name in Flag]?: boolean | undefined
}
type Flag = 'karras' | 'tiling' | 'hires' | 'source-is-map'

/** What a payload of the Horde cannot say. */
export type Beyond = Pick<GenerateOptions, 'sampler' | 'scheduler' | 'stepNoise' | 'emphasis'>

export interface CliRequest {
  request: GenerateRequest
  beyond: Beyond
}

/** @throws UsageError where options do not go together, a name is unknown or a file cannot be read */
export async function requestOf(args: RequestArgs): Promise<CliRequest> {
  const beyond = beyondOf(args)
  if (args.payload !== undefined) {
    if (args.prompt !== undefined) throw new UsageError('a prompt and --payload cannot be given together')
    return { request: await read('payload', args.payload, 'utf8'), beyond }
  }
  if (args.prompt === undefined) {
    throw new UsageError('nothing to draw', { hint: 'horde-onnx generate "a red circle on a blue background"' })
  }
  const payload = {
    prompt: args.negative === undefined ? args.prompt : `${args.prompt}###${args.negative}`,
    karras: args.karras,
    sampler_name: beyond.sampler === undefined ? args.sampler : undefined,
    seed: args.seed === undefined ? undefined : seedOf(args.seed),
    ddim_steps: integer('steps', args.steps, { min: 1, max: 500 }),
    cfg_scale: decimal('cfg', args.cfg, { min: 1, max: 100 }),
    width: integer('width', args.width, { min: 64, max: 8192 }),
    height: integer('height', args.height, { min: 64, max: 8192 }),
    clip_skip: integer('clip-skip', args['clip-skip'], { min: 1, max: 20 }),
    n_iter: integer('number', args.number, { min: 1, max: 100 }),
    tiling: args.tiling,
    hires_fix: args.hires,
    hires_fix_denoising_strength: decimal('hires-denoise', args['hires-denoise'], { min: 0.01, max: 1 }),
    loras: lorasOf(args.lora),
    ...(await sourcesOf(args)),
  }
  const given = Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined))
  return { request: { payload: given, ...(args.model === undefined ? {} : { model: args.model }) }, beyond }
}

/** Of the options, what is no field of a payload; sampler names that the Horde has too stay in the payload. */
function beyondOf(args: RequestArgs): Beyond {
  const sampler = oneOf('sampler', args.sampler, [...HORDE_SAMPLERS, ...SAMPLER_NAMES])
  const own = SAMPLER_NAMES.find(name => name === sampler && !HORDE_SAMPLERS.some(theirs => theirs === sampler))
  const scheduler = oneOf('schedule', args.schedule, SCHEDULER_NAMES)
  const emphasis = oneOf('emphasis', args.emphasis, ['comfy', 'a1111'] as const)
  const stepNoise = oneOf('noise', args.noise, ['cuda', 'cpu'] as const)
  return {
    ...(own && { sampler: own }),
    ...(scheduler && { scheduler }),
    ...(emphasis && { emphasis }),
    ...(stepNoise && { stepNoise }),
  }
}

function oneOf<T extends string>(option: string, value: string | undefined, known: readonly T[]): T | undefined {
  if (value === undefined) return undefined
  const found = known.find(name => name === value)
  if (found !== undefined) return found
  throw new UsageError(`--${option} must be one of ${known.join(', ')}, got "${value}"`)
}

/** `a:0.8,b:1:0.5` as a payload has it. */
function lorasOf(text: string | undefined): { name: string; model: number; clip: number }[] | undefined {
  if (text === undefined) return undefined
  return text.split(',').map(part => {
    const [name = '', model = '1', clip = model, ...rest] = part.trim().split(':')
    const strengths = { model: Number(model), clip: Number(clip) }
    const numbers = [model, clip].every(number => number.trim() !== '' && Number.isFinite(Number(number)))
    if (name === '' || rest.length > 0 || !numbers) {
      throw new UsageError(`--lora takes NAME, NAME:STRENGTH or NAME:UNET:TEXT, got "${part}"`)
    }
    return { name, ...strengths }
  })
}

/** Pictures as a pop carries them, and what is to become of them. */
async function sourcesOf(args: RequestArgs): Promise<Record<string, unknown>> {
  const { source, mask, control } = args
  const processing = oneOf('processing', args.processing, PROCESSINGS)
  const needsSource = [
    ['mask', mask],
    ['control', control],
    ['processing', processing],
    ['source-is-map', args['source-is-map']],
  ] as const
  for (const [option, value] of needsSource) {
    if (value !== undefined && source === undefined) throw new UsageError(`--${option} needs --source FILE`)
  }
  const denoise = decimal('denoise', args.denoise, { min: 0.01, max: 1 })
  const picture = source === undefined ? undefined : await read('source', source, 'base64')
  if (control !== undefined) {
    if (mask !== undefined || processing !== undefined) {
      throw new UsageError('with --control the source is what the map is drawn of: no --mask and no --processing')
    }
    return {
      source_image: picture,
      control_type: oneOf('control', control, CONTROL_TYPES),
      control_strength: decimal('control-strength', args['control-strength'], { min: 0.01, max: 3 }),
      image_is_control: args['source-is-map'],
      denoising_strength: denoise,
    }
  }
  if (args['source-is-map']) throw new UsageError('--source-is-map needs --control TYPE')
  if (source === undefined) return { denoising_strength: denoise }
  const chosen = processing ?? (mask === undefined ? 'img2img' : 'inpainting')
  return {
    source_image: picture,
    source_processing: chosen,
    source_mask: mask === undefined ? undefined : await read('mask', mask, 'base64'),
    denoising_strength: denoise ?? (chosen === 'img2img' ? IMG2IMG_DENOISE : 1),
  }
}

/** What most interfaces begin with. */
const IMG2IMG_DENOISE = 0.75

function read(option: string, file: string, encoding: BufferEncoding): Promise<string> {
  return readFile(file, encoding).catch((cause: unknown) => {
    throw new UsageError(`cannot read the file of --${option}, ${file}`, { cause, hint: 'is the path right?' })
  })
}

function seedOf(text: string): bigint {
  if (!/^\d{1,19}$/.test(text) || BigInt(text) >= 1n << 63n) {
    throw new UsageError(`--seed must be a whole number from 0 to ${(1n << 63n) - 1n}, got "${text}"`)
  }
  return BigInt(text)
}
