/** Text → payload: what the Horde sends, a pop's whole answer or a bare payload. */
import { PayloadError } from '../errors.js'
import { parseJson } from './json.js'

/** Source pictures travel inside payloads as base64; the Horde allows 5 MB a picture. */
const MAX_BYTES = 64 * 1024 * 1024

export interface ParseOptions {
  /** @default 64 MiB */
  maxBytes?: number
}

/**
 * Reads a payload as JSON. Integers beyond 2^53 become `bigint`; `NaN` and `Infinity` are read as Python reads them; of a
 * key that comes twice the last counts.
 * @returns an object
 * @throws PayloadError when it is too large, no JSON (with line and column), or no object
 */
export function parsePayload(
  source: string | Uint8Array,
  { maxBytes = MAX_BYTES }: ParseOptions = {},
): Readonly<Record<string, unknown>> {
  const size = typeof source === 'string' ? Buffer.byteLength(source) : source.byteLength
  if (size > maxBytes) {
    throw new PayloadError(`the payload has ${size} bytes, at most ${maxBytes} are read`, {
      hint: 'scale source_image down; pictures larger than 3072×3072 are of no use to any model',
    })
  }
  const value = parseJson(typeof source === 'string' ? source.replace(/^\ufeff/, '') : decode(source))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const kind = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`
    throw new PayloadError(`a payload is a JSON object, got ${kind}`, {
      hint: 'e.g. {"prompt": "a castle", "seed": 7}',
    })
  }
  return value as Record<string, unknown>
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new PayloadError('the payload is no UTF-8 text', {
      hint: 'a payload is JSON in UTF-8; is this a picture or an archive?',
    })
  }
}

/** What a pop says beside its `payload` and what belongs to the job. */
const POP_FIELDS = ['model', 'source_image', 'source_processing', 'source_mask', 'extra_source_images'] as const

/**
 * A pop's whole answer (`{ payload, model, source_image, …, skipped, ids }`) as one payload; a bare payload as it is.
 * @throws PayloadError when the pop brought no job
 */
export function unwrapPop(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { payload } = value
  if (!('payload' in value)) return value
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload) || value.id === null) {
    throw new PayloadError('the pop brought no job: its id or payload is null', {
      hint: '`skipped` in the answer tells why the Horde had none for this worker',
    })
  }
  const beside = POP_FIELDS.filter(field => value[field] !== undefined && value[field] !== null)
  if (beside.length === 0) return payload as Record<string, unknown>
  return { ...payload, ...Object.fromEntries(beside.map(field => [field, value[field]])) }
}
