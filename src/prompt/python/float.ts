/** Python's `float(text)` and `str(number)`: prompts are read and written with both by the reference. */

const digits = '\\p{Nd}+(?:_\\p{Nd}+)*'
const number = `(?:${digits}(?:\\.(?:${digits})?)?|\\.${digits})(?:e[+-]?${digits})?`
const space = '[\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]*'
const floatText = new RegExp(`${space}([+-]?(?:inf(?:inity)?|nan|${number}))${space}`, 'iuy')

/**
 * The number that starts at `from`, and where it and the white space after it end; undefined where there is none. Takes
 * what Python's `float` takes: digits of any script, `_` between digits, `inf`, `nan`.
 */
export function readPythonFloat(text: string, from = 0): { value: number; end: number } | undefined {
  floatText.lastIndex = from
  const found = floatText.exec(text)?.[1]
  if (found === undefined) return undefined
  return { value: floatValue(found), end: floatText.lastIndex }
}

function floatValue(text: string): number {
  const plain = text
    .replace(/\p{Nd}/gu, decimalDigit)
    .replaceAll('_', '')
    .toLowerCase()
  if (plain.endsWith('nan')) return Number.NaN
  return Number(plain.replace(/inf(inity)?$/, 'Infinity'))
}

/** Scripts keep their ten digits together and in order; the mathematical ones stand in five sets next to each other. */
function decimalDigit(character: string): string {
  const code = character.codePointAt(0) ?? 0
  let first = code
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first--
  return String((code - first) % 10)
}

/** `str(x)` of a Python float: shortest digits, always a point or an exponent, exponents of two digits at least. */
export function pythonFloatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf'
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const [mantissa = '0', power = '0'] = Math.abs(value).toExponential().split('e')
  const exponent = Number(power)
  if (exponent < -4 || exponent >= 16) {
    const places = String(Math.abs(exponent)).padStart(2, '0')
    return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${places}`
  }
  const shown = mantissa.replace('.', '')
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${shown}`
  const whole = shown.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  return `${sign}${whole}.${shown.slice(exponent + 1) || '0'}`
}
