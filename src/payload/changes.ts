/** What becomes of a payload's values on the way to a job. */
import { PayloadError } from '../errors.js'
import { isPayloadImage } from './image.js'
import type { JobNote } from './job.js'

/** A value that is not used as it was sent. */
export interface Change extends JobNote {
  /** The value, short. */
  got: string
  /** What would have been taken as it is, e.g. `1 to 100`. */
  expected: string
}

/** @throws PayloadError that lists all of them */
export function refuseChanges(changes: readonly Change[]): void {
  if (changes.length === 0) return
  const lines = changes.map(({ field, got, expected }) => `payload.${field}: got ${got}, expected ${expected}`)
  throw new PayloadError(`the payload would be changed:\n  ${lines.join('\n  ')}`, {
    hint: 'correct these fields, or leave strict out to have them clamped as the Horde does',
  })
}

export function noteOf({ field, message, quirk }: JobNote): JobNote {
  return { field, message, ...(quirk === undefined ? {} : { quirk }) }
}

/** A value in a message: short, and never a whole picture. */
export function shown(value: unknown): string {
  if (isPayloadImage(value)) return `a picture of ${value.width}×${value.height}`
  if (value === undefined) return 'nothing'
  const text = typeof value === 'bigint' || typeof value === 'number' ? String(value) : JSON.stringify(value, plain)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (isPayloadImage(value)) return '(picture)'
  return value instanceof Map ? Object.fromEntries(value) : value
}
