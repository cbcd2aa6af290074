/** Worker's payload → request to the Horde's API: the way back of what its server does (research/horde.md §3.1). */
import { UnsupportedError } from '../../errors.js'
import { unwrapPop } from '../../payload/parse.js'
import { isApiRequest } from '../../payload/server-defaults.js'

/** Parameters that the API takes under the names of the worker's payload. */
const SAME = [
  'sampler_name',
  'cfg_scale',
  'denoising_strength',
  'hires_fix_denoising_strength',
  'height',
  'width',
  'post_processing',
  'karras',
  'tiling',
  'hires_fix',
  'clip_skip',
  'control_type',
  'image_is_control',
  'return_control_map',
  'facefixer_strength',
  'loras',
  'tis',
  'workflow',
  'transparent',
  'extra_texts',
] as const

const PICTURES = ['source_image', 'source_processing', 'source_mask', 'extra_source_images'] as const

export interface RequestOptions {
  nsfw: boolean
}

/** @throws UnsupportedError where the API has no word for what the payload asks */
export function hordeRequest(
  value: Readonly<Record<string, unknown>>,
  { nsfw }: RequestOptions,
): Record<string, unknown> {
  if (isApiRequest(value)) return { nsfw, r2: true, ...value }
  const payload = unwrapPop(value)
  const { prompt, seed, ddim_steps, n_iter, model } = payload
  if (typeof prompt !== 'string' || prompt === '') {
    throw new UnsupportedError('the Horde takes no request without a prompt')
  }
  const given = (fields: readonly string[]) =>
    Object.fromEntries(
      fields.flatMap(field =>
        payload[field] === undefined || payload[field] === null ? [] : [[field, payload[field]]],
      ),
    )
  return {
    prompt,
    params: {
      ...given(SAME),
      ...(seed === undefined || seed === null ? {} : { seed: String(seed) }),
      ...(ddim_steps === undefined ? {} : { steps: ddim_steps }),
      ...(n_iter === undefined ? {} : { n: n_iter }),
    },
    ...given(PICTURES),
    ...(typeof model === 'string' && { models: [model] }),
    nsfw,
    censor_nsfw: false,
    trusted_workers: false,
    slow_workers: true,
    r2: true,
    shared: false,
    replacement_filter: false,
  }
}
