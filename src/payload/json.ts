/** JSON without loss: integers of any size, and what Python's `json` reads beyond the standard. */
import { parse } from 'lossless-json'
import { PayloadError } from '../errors.js'

/** Integers of more digits are refused by Python, too. */
const MAX_INT_DIGITS = 4300

/** Texts longer than this, source pictures above all, are read by the platform's parser: it is a hundred times as fast. */
const LONG_TEXT = 1024

const floatMembers = new WeakMap<object, Set<string>>()

/**
 * Whether a member of a parsed object was written as a float without a fraction (`1.0`, `1e3`). JavaScript does not know
 * the difference; Python's text of such a value does.
 */
export function isFloatMember(object: object, key: string): boolean {
  return floatMembers.get(object)?.has(key) ?? false
}

/** Stands for a float without a fraction until its holder is known. */
class WholeFloat {
  constructor(readonly value: number) {}
}

/**
 * Integers beyond 2^53 become `bigint`; `NaN` and `Infinity` are read as Python reads them; of a key that comes twice the
 * last counts.
 * @throws PayloadError with line and column
 */
export function parseJson(text: string): unknown {
  const { standard, stem, values, position } = withStandIns(text)
  const parseNumber = (digits: string) => {
    if (digits.startsWith(stem)) return values[Number(digits.slice(stem.length))]
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
 * The text with numbers in place of `NaN`, `Infinity` and long texts: numbers that begin like no other in the text, and end
 * with the index of what they stand for.
 */
function withStandIns(text: string) {
  const longest = [...text.matchAll(/0e(0+)/g)].reduce((most, [, zeros = '']) => Math.max(most, zeros.length), 0)
  const stem = `0e${'0'.repeat(longest + 1)}`
  const values: unknown[] = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  const literals: Readonly<Record<string, number>> = { NaN: 0, Infinity: 1, '-Infinity': 2 }
  const shifts: { from: number; by: number }[] = []
  const standIn = (from: number, length: number, index: number) => {
    const number = `${stem}${index}`
    shifts.push({ from, by: number.length - length })
    return number
  }
  const parts: string[] = []
  for (let start = 0; start < text.length; ) {
    const quote = text.indexOf('"', start)
    const end = quote < 0 ? text.length : quote
    parts.push(
      text
        .slice(start, end)
        .replace(/-?\b(?:NaN|Infinity)\b/g, (literal, at: number) =>
          literals[literal] === undefined ? literal : standIn(start + at, literal.length, literals[literal]),
        ),
    )
    start = quote < 0 ? text.length : endOfText(text, quote)
    const long = start - end > LONG_TEXT ? readText(text, end, start) : undefined
    parts.push(long === undefined ? text.slice(end, start) : standIn(end, start - end, values.push(long) - 1))
  }
  const position = (inStandard: number) =>
    shifts.reduce((at, { from, by }) => (at > from ? Math.max(from, at - by) : at), inStandard)
  return { standard: parts.join(''), stem, values, position }
}

/** Offset behind the closing quote of a text. */
function endOfText(text: string, quote: number): number {
  for (let close = text.indexOf('"', quote + 1); close >= 0; close = text.indexOf('"', close + 1)) {
    let slashes = 0
    while (text[close - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return close + 1
  }
  return text.length
}

/** A text that is a value; not a key, and nothing malformed: those are left to the parser that tells where. */
function readText(text: string, start: number, end: number): string | undefined {
  if (/^\s*:/.test(text.slice(end, end + 100))) return undefined
  try {
    return JSON.parse(text.slice(start, end))
  } catch {
    return undefined
  }
}

function lineAndColumn(text: string, offset: number): string {
  const lines = text.slice(0, offset).split('\n')
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`
}
