/**
 * What a payload can ask for, by name: every value of every enumeration, every switch, and the pairs that people combine.
 * The names are those of a fixture's `features`; docs/fixtures.md lists them.
 */
import { Buffer } from 'node:buffer'
import { HORDE_SCHEDULERS, SOURCE_PROCESSINGS } from '../../payload/hordelib/clamp.js'
import { CONTROL_TYPES } from '../../payload/hordelib/control.js'
import { POST_PROCESSORS } from '../../payload/hordelib/post-processing.js'
import { HORDE_SAMPLERS } from '../../payload/hordelib/samplers.js'
import { readImageHeader } from '../../payload/image.js'

/** A payload as it is on the wire, a pop's fields beside it included. */
export type WirePayload = Readonly<Record<string, unknown>>

export interface Feature {
  name: string
  /** What it is a value or a kind of, e.g. `sampler`. */
  group: string
  /** Whether a payload asks for it. */
  on(payload: WirePayload): boolean
}

const choice = (group: string, field: string, values: readonly string[]): Feature[] =>
  values.map(value => ({ name: `${group}:${value}`, group, on: payload => lower(payload[field]) === value }))

const when = (group: string, features: Readonly<Record<string, Feature['on']>>): Feature[] =>
  Object.entries(features).map(([name, on]) => ({ name, group, on }))

/** Fields that count where they are sent, whatever they say. */
const sent = (group: string, fields: readonly string[]): Feature[] =>
  fields.map(name => ({ name, group, on: payload => payload[name] !== undefined && payload[name] !== null }))

/** Names that the Horde's server takes and its worker does not know are clamps, not values. */
export const FEATURES: readonly Feature[] = [
  ...choice('sampler', 'sampler_name', HORDE_SAMPLERS),
  ...when('schedule', {
    'schedule:karras': ({ karras }) => karras === true,
    'schedule:normal': ({ karras }) => karras !== true,
  }),
  ...choice('scheduler', 'scheduler', HORDE_SCHEDULERS),
  ...choice('source', 'source_processing', SOURCE_PROCESSINGS),
  ...when('mask', {
    'mask:image': ({ source_mask }) => typeof source_mask === 'string',
    'mask:alpha': ({ source_mask, source_image }) => typeof source_mask !== 'string' && hasAlpha(source_image),
  }),
  ...choice('control', 'control_type', CONTROL_TYPES),
  ...when('switch', {
    hires_fix: ({ hires_fix }) => hires_fix === true,
    tiling: ({ tiling }) => tiling === true,
    transparent: ({ transparent }) => transparent === true,
    image_is_control: ({ image_is_control }) => image_is_control === true,
    return_control_map: ({ return_control_map }) => return_control_map === true,
  }),
  ...sent('number', [
    'seed',
    'cfg_scale',
    'clip_skip',
    'denoising_strength',
    'control_strength',
    'hires_fix_denoising_strength',
    'hires_fix_first_pass_width',
    'hires_fix_second_pass_steps',
    'facefixer_strength',
  ]),
  ...when('number', {
    size: ({ width, height }) => width !== undefined || height !== undefined,
    steps: ({ ddim_steps }) => ddim_steps !== undefined,
    n_iter: ({ n_iter }) => Number(n_iter) > 1,
  }),
  ...when('prompt', {
    'prompt:negative': ({ prompt, negative_prompt }) => text(prompt).includes('###') || text(negative_prompt) !== '',
    'prompt:weights': ({ prompt }) => /[([].*[)\]]/su.test(text(prompt)),
    'prompt:long': ({ prompt }) => text(prompt).split(/\s+/u).length > 75,
    'prompt:dynamic': ({ prompt }) => /\{.*\|.*\}/su.test(text(prompt)),
    'prompt:unicode': ({ prompt }) => /[^\p{ASCII}]/u.test(text(prompt)),
    'prompt:empty': ({ prompt }) => text(prompt) === '',
    'prompt:embedding': ({ prompt }) => text(prompt).includes('embedding:'),
  }),
  ...when('lora', {
    lora: payload => loras(payload).length > 0,
    'lora:strengths': payload => loras(payload).some(({ model = 1, clip = 1 }) => model !== 1 || clip !== 1),
    'lora:stacked': payload => loras(payload).length > 1,
    'lora:trigger': payload => loras(payload).some(({ inject_trigger }) => typeof inject_trigger === 'string'),
    'lora:version': payload => loras(payload).some(({ is_version }) => is_version === true),
    'lora:missing': payload => loras(payload).length > 0,
  }),
  ...when('ti', {
    ti: payload => tis(payload).length > 0,
    'ti:prompt': payload => tis(payload).some(({ inject_ti }) => inject_ti === 'prompt'),
    'ti:negprompt': payload => tis(payload).some(({ inject_ti }) => inject_ti === 'negprompt'),
    'ti:missing': payload => tis(payload).length > 0,
  }),
  ...POST_PROCESSORS.map(name => ({
    name: `post:${name}`,
    group: 'post',
    on: ({ post_processing }: WirePayload) => Array.isArray(post_processing) && post_processing.includes(name),
  })),
  ...choice('workflow', 'workflow', ['auto_detect', 'qr_code', 'creative_upscale']),
  ...sent('other', ['extra_source_images', 'extra_texts', 'stable_cascade_stage_b', 'stable_cascade_stage_c']),
  // What a fixture says of itself: a payload that leaves out, or asks for more than there is.
  ...when('other', { defaults: () => true, clamps: () => true }),
]

/** Pairs that people combine on the Horde. `control` stands for whatever control type. */
export const PAIRS: readonly (readonly [string, string])[] = [
  ['lora', 'lora:stacked'],
  ['lora', 'clip_skip'],
  ['lora', 'n_iter'],
  ['lora', 'tiling'],
  ['lora', 'hires_fix'],
  ['lora', 'source:img2img'],
  ['lora', 'source:inpainting'],
  ['lora', 'control'],
  ['lora', 'ti'],
  ['lora', 'prompt:weights'],
  ['lora', 'prompt:negative'],
  ['lora', 'sampler:lcm'],
  ['lora', 'sampler:k_euler_a'],
  ['ti', 'prompt:negative'],
  ['ti', 'prompt:weights'],
  ['ti', 'clip_skip'],
  ['ti', 'source:img2img'],
  ['hires_fix', 'tiling'],
  ['hires_fix', 'n_iter'],
  ['hires_fix', 'control'],
  ['hires_fix', 'source:img2img'],
  ['hires_fix', 'hires_fix_denoising_strength'],
  ['hires_fix', 'sampler:k_euler_a'],
  ['tiling', 'source:img2img'],
  ['tiling', 'n_iter'],
  ['tiling', 'size'],
  ['source:img2img', 'denoising_strength'],
  ['source:img2img', 'n_iter'],
  ['source:img2img', 'sampler:k_euler_a'],
  ['source:img2img', 'schedule:karras'],
  ['source:img2img', 'clip_skip'],
  ['source:img2img', 'mask:image'],
  ['source:img2img', 'mask:alpha'],
  ['source:inpainting', 'mask:image'],
  ['source:inpainting', 'mask:alpha'],
  ['source:inpainting', 'schedule:karras'],
  ['source:inpainting', 'denoising_strength'],
  ['source:inpainting', 'n_iter'],
  ['source:outpainting', 'mask:alpha'],
  ['control', 'control_strength'],
  ['control', 'image_is_control'],
  ['control', 'n_iter'],
  ['control', 'tiling'],
  ['control', 'clip_skip'],
  ['control', 'prompt:negative'],
  ['control', 'sampler:k_dpmpp_2m'],
  ['n_iter', 'seed'],
  ['n_iter', 'prompt:dynamic'],
  ['n_iter', 'sampler:k_euler_a'],
  ['prompt:long', 'prompt:weights'],
  ['prompt:weights', 'prompt:negative'],
  ['clip_skip', 'prompt:weights'],
]

/** Whether a list of features has one: `control` is had by `control:canny`. */
export function hasFeature(features: readonly string[], name: string): boolean {
  return features.some(feature => feature === name || feature.startsWith(`${name}:`))
}

function hasAlpha(image: unknown): boolean {
  return typeof image === 'string' && readImageHeader(Buffer.from(image, 'base64'))?.rgba === true
}

function lower(value: unknown): string | undefined {
  return typeof value === 'string' ? value.toLowerCase() : undefined
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

const loras = ({ loras }: WirePayload) => objects(loras)
const tis = ({ tis }: WirePayload) => objects(tis)

function objects(value: unknown): WirePayload[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'object' && item !== null) : []
}
