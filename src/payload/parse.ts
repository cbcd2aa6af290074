/** Text → payload, without loss: integers of any size, and the literals that Python's `json` writes beyond the standard. */
import { parse } from 'lossless-json'
import { PayloadError } from '../errors.js'

/** Source pictures travel inside payloads as base64; the Horde allows 5 MB a picture. */
const MAX_BYTES = 64 * 1024 * 1024

const floatMembers = new WeakMap<object, Set<string>>()

/**
 * Whether a member of a parsed object was written as a float without a fraction (`1.0`, `1e3`). JavaScript does not know
 * the difference; Python's text of such a value does.
 */
export function isFloatMember(object: object, key: string): boolean {
  return floatMembers.get(object)?.has(key) ?? false
}

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
  const value = parseJson(typeof source === 'string' ? source : decode(source))
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

/** Integers of more digits are refused by Python, too. */
const MAX_INT_DIGITS = 4300

/** Stands for a float without a fraction until its holder is known. */
class WholeFloat {
  constructor(readonly value: number) {}
}

function parseJson(text: string): unknown {
  const { standard, nan, position } = standardJson(text)
  const parseNumber = (digits: string) => {
    if (digits === nan) return Number.NaN
    if (/^-?\d+$/.test(digits)) {
      if (digits.length > MAX_INT_DIGITS) throw new SyntaxError(`Integer of ${digits.length} digits`)
      return Number.isSafeInteger(Number(digits)) ? Number(digits) : BigInt(digits)
    }
    return Number.isInteger(Number(digits)) ? new WholeFloat(Number(digits)) : Number(digits)
  }
  try {
    return noteFloats(parse(standard, null, { parseNumber, onDuplicateKey: ({ newValue }) => newValue }))
  } catch (error) {
    if (error instanceof RangeError) {
      throw new PayloadError('the payload is nested too deeply', {
        hint: 'a payload has at most three levels',
        cause: error,
      })
    }
    if (!(error instanceof SyntaxError)) throw error
    const at = /at position (\d+)/.exec(error.message)
    const message = error.message.replace(/ (?:but|at position) .*$/, '')
    const where = at === null ? '' : ` at ${lineAndColumn(text, position(Number(at[1])))}`
    throw new PayloadError(`the payload is no JSON${where}: ${message}`, {
      hint: 'is the file complete? `python3 -m json.tool FILE` checks it',
      cause: error,
    })
  }
}

/** Replaces the stand-ins of floats by their numbers and remembers where they were. */
function noteFloats(value: unknown): unknown {
  if (value instanceof WholeFloat) return value.value
  if (typeof value !== 'object' || value === null) return value
  const holder = value as Record<string, unknown>
  for (const key of Object.keys(holder)) {
    const member = holder[key]
    if (member instanceof WholeFloat) floatMembers.set(value, (floatMembers.get(value) ?? new Set()).add(key))
    const plain = noteFloats(member)
    if (plain !== member) Object.defineProperty(holder, key, { value: plain })
  }
  return value
}

/**
 * The text with Python's `Infinity` and `NaN` as numbers of standard JSON: one that overflows, and one that stands nowhere
 * else in the text.
 */
function standardJson(text: string): { standard: string; nan: string; position: (inStandard: number) => number } {
  let nan = '0e0'
  while (text.includes(nan)) nan += '0'
  const shifts: { from: number; by: number }[] = []
  let standard = ''
  for (let start = 0; start < text.length; ) {
    const quote = text.indexOf('"', start)
    const end = quote < 0 ? text.length : quote
    const outside = text.slice(start, end).replace(/\b(?:NaN|Infinity)\b/g, (literal, at: number) => {
      const number = literal === 'NaN' ? nan : '1e999'
      shifts.push({ from: start + at, by: number.length - literal.length })
      return number
    })
    start = quote < 0 ? text.length : endOfString(text, quote)
    standard += outside + text.slice(end, start)
  }
  const position = (inStandard: number) =>
    shifts.reduce((at, { from, by }) => (at > from ? Math.max(from, at - by) : at), inStandard)
  return { standard, nan, position }
}

/** Offset behind the closing quote of a string. */
function endOfString(text: string, quote: number): number {
  for (let close = text.indexOf('"', quote + 1); close >= 0; close = text.indexOf('"', close + 1)) {
    let slashes = 0
    while (text[close - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return close + 1
  }
  return text.length
}

function lineAndColumn(text: string, offset: number): string {
  const lines = text.slice(0, offset).split('\n')
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`
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
