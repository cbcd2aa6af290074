/**
 * Pop → fixture without anything that tells who asked: fields are kept by a list of what a drawing needs, everything else goes (keys,
 * ids, upload addresses, messages). Prompts are kept, or replaced word by word.
 */
import { createHmac, randomBytes } from 'node:crypto'

/** What a worker's payload may hold that matters to the picture. */
const PAYLOAD_FIELDS = [
  'prompt',
  'negative_prompt',
  'seed',
  'sampler_name',
  'scheduler',
  'karras',
  'cfg_scale',
  'denoising_strength',
  'hires_fix_denoising_strength',
  'hires_fix_first_pass_width',
  'hires_fix_first_pass_height',
  'hires_fix_second_pass_steps',
  'control_strength',
  'width',
  'height',
  'ddim_steps',
  'n_iter',
  'hires_fix',
  'clip_skip',
  'tiling',
  'transparent',
  'control_type',
  'image_is_control',
  'return_control_map',
  'facefixer_strength',
  'post_processing',
  'loras',
  'tis',
  'workflow',
  'extra_texts',
  'use_nsfw_censor',
  'stable_cascade_stage_b',
  'stable_cascade_stage_c',
  'model',
  'source_image',
  'source_mask',
  'source_processing',
  'extra_source_images',
] as const

/** What belongs to a job and stands beside its payload. */
const POP_FIELDS = ['model', 'source_image', 'source_mask', 'source_processing', 'extra_source_images', 'ttl'] as const

/** Of an adapter. */
const ADAPTER_FIELDS = ['name', 'model', 'clip', 'strength', 'inject_trigger', 'inject_ti', 'is_version'] as const

export type Words = (text: string) => string

export interface ScrubOptions {
  /** What becomes of prompts and of other texts that a user wrote. */
  words: Words
}

/** A pop with only what a drawing needs. Numbers are whatever they were: `lossless-json` keeps their digits. */
export function scrubPop(pop: Readonly<Record<string, unknown>>, { words }: ScrubOptions): Record<string, unknown> {
  const payload = isRecord(pop.payload) ? pop.payload : pop
  const beside = payload === pop ? {} : pick(pop, POP_FIELDS)
  return { payload: scrubPayload(payload, words), ...scrubPictures(beside) }
}

function scrubPayload(payload: Readonly<Record<string, unknown>>, words: Words): Record<string, unknown> {
  const kept = scrubPictures(pick(payload, PAYLOAD_FIELDS))
  for (const field of ['prompt', 'negative_prompt']) {
    const text = kept[field]
    if (typeof text === 'string') kept[field] = words(text)
  }
  for (const field of ['loras', 'tis']) {
    const list = kept[field]
    if (Array.isArray(list)) kept[field] = list.filter(isRecord).map(entry => pick(entry, ADAPTER_FIELDS))
  }
  const texts = kept.extra_texts
  if (Array.isArray(texts)) {
    kept.extra_texts = texts.filter(isRecord).map(({ text, reference }) => ({
      ...(typeof text === 'string' && { text: words(text) }),
      ...(typeof reference === 'string' && { reference }),
    }))
  }
  return kept
}

function scrubPictures(value: Record<string, unknown>): Record<string, unknown> {
  const { extra_source_images: extra } = value
  if (!Array.isArray(extra)) return value
  return { ...value, extra_source_images: extra.filter(isRecord).map(entry => pick(entry, ['image', 'strength'])) }
}

export const keepWords: Words = text => text

/**
 * Every word becomes another, the same one every time, that only this recording's key could tell; what steers a prompt (brackets,
 * weights, `###`, embeddings) stays.
 *
 * @param key @default random, and forgotten
 */
export function hashWords(key: Uint8Array = randomBytes(32)): Words {
  const word = (text: string) =>
    createHmac('sha256', key)
      .update(text.toLowerCase())
      .digest('hex')
      .replace(/\d/gu, digit => 'ghijklmnop'[Number(digit)] ?? '')
  // An embedding's name is public, and without it the prompt is another one; numbers are weights.
  return text =>
    text.replace(/embedding:[\w.-]+|[\p{L}\p{M}]+/gu, found =>
      found.startsWith('embedding:') ? found : word(found).slice(0, Math.min(12, Math.max(3, found.length))),
    )
}

function pick(value: Readonly<Record<string, unknown>>, fields: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(fields.flatMap(field => (value[field] === undefined ? [] : [[field, value[field]]])))
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !('isLosslessNumber' in value)
}
