/**
 * What the Horde's server adds to a request before a worker sees it (`extract_params` of AI-Horde's
 * `horde/classes/stable/waiting_prompt.py`).
 */
import { Buffer } from 'node:buffer'
import { PayloadError } from '../errors.js'
import { shown } from './changes.js'

/** Whether a value is a request to the API, `POST /v2/generate/async`, and no payload of a worker. */
export function isApiRequest(value: Readonly<Record<string, unknown>>): boolean {
  return 'params' in value
}

/** Fields of the request beside `params` that reach the worker. */
const BESIDE_PARAMS = ['source_image', 'source_processing', 'source_mask', 'extra_source_images'] as const

/**
 * Turns a request to the API into the payload that the first worker would get.
 * @throws PayloadError where `params` is no object or `prompt` no text
 */
export function applyServerDefaults(
  request: Readonly<Record<string, unknown>>,
  { randomSeed }: { randomSeed: () => bigint },
): Readonly<Record<string, unknown>> {
  const { prompt, params = {}, models } = request
  if (typeof params !== 'object' || params === null || Array.isArray(params)) {
    throw new PayloadError(`params must be an object, got ${shown(params)}`, { hint: 'e.g. {"steps": 20}' })
  }
  if (typeof prompt !== 'string') {
    throw new PayloadError(`prompt must be a text, got ${shown(prompt)}`, {
      hint: 'e.g. {"prompt": "a castle", "params": {}}',
    })
  }
  const { steps, n, seed, ...rest } = params as Record<string, unknown>
  const control = rest.control_type !== undefined && rest.control_type !== null
  const beside = BESIDE_PARAMS.filter(field => request[field] !== undefined)
  const wanted = steps ?? (control ? 20 : 30)
  return {
    sampler_name: 'k_euler_a',
    cfg_scale: 5,
    karras: true,
    ...(request.source_image !== undefined && { source_processing: 'img2img' }),
    ...rest,
    ...Object.fromEntries(beside.map(field => [field, request[field]])),
    prompt,
    ddim_steps: control && typeof wanted === 'number' ? Math.min(wanted, 40) : wanted,
    n_iter: n ?? 1,
    seed: serverSeed(seed, randomSeed),
    ...(Array.isArray(models) && models.length > 0 && { model: models[0] }),
  }
}

/**
 * The server's number of a seed: digits count, other text counts by its UTF-8 bytes as a little-endian number; both lose
 * their lower 32 bits until they fit into 32.
 */
export function serverSeed(seed: unknown, randomSeed: () => bigint): bigint | number {
  if (typeof seed === 'number' || typeof seed === 'bigint') return seed
  if (seed === undefined || seed === null || seed === '') return randomSeed() & 0xffffffffn
  if (typeof seed !== 'string') {
    throw new PayloadError(`params.seed must be a text, got ${shown(seed)}`, { hint: 'e.g. "4711" or "my castle"' })
  }
  const bytes = Buffer.from(seed, 'utf8').reverse().toString('hex')
  let number = /^\d+$/.test(seed) ? BigInt(seed) : BigInt(`0x${bytes}`)
  while (number >= 2n ** 32n) number >>= 32n
  return number
}
