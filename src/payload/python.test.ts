import { describe, expect, it } from 'vitest'
import { PayloadError } from '../errors.js'
import { toFloat, toInt, toPython, toText, truthy } from './python.js'

/** Left: a value. Right: what CPython 3.12 prints for `str(value)`. */
const TEXTS: [unknown, string][] = [
  [1e16, '1e+16'],
  [123456789012345.6, '123456789012345.6'],
  [0.0001, '0.0001'],
  [0.00001, '1e-05'],
  [1.5e-7, '1.5e-07'],
  [0.1 + 0.2, '0.30000000000000004'],
  [1e-320, '1e-320'],
  [-0.5, '-0.5'],
  [["it's"], '["it\'s"]'],
  [['it\'s "so"'], `['it\\'s "so"']`],
  [['a\\b\n\t'], "['a\\\\b\\n\\t']"],
  [['\u0007\u00a0\u2028é漢'], "['\\x07\\xa0\\u2028é漢']"],
  [{ a: [true, false, null, { b: 'c' }] }, "{'a': [True, False, None, {'b': 'c'}]}"],
]

describe('values as Python prints them', () => {
  it.each(TEXTS)('%j', (value, text) => expect(toText(toPython(value))).toBe(text))
  it('keeps the sign of zero', () => expect(toText(-0)).toBe('-0.0'))
})

describe('values as Python reads them', () => {
  it.each([
    ['1__0', undefined],
    ['_1', undefined],
    ['1_', undefined],
    ['१२', 12n],
    ['𝟗𝟠', 98n],
    ['\u00a012\u0085', 12n],
    ['\ufeff12', undefined],
    ['12\u001f', undefined],
    ['-0', 0n],
    ['', undefined],
    ['9'.repeat(4301), undefined],
  ])('int(%j)', (text, value) => expect(toInt(text, 'seed')).toBe(value))

  it.each([
    ['.5', 0.5],
    ['5.', 5],
    ['1_0.0_1e1_0', 10.01e10],
    ['.', undefined],
    ['1e', undefined],
    ['-INFINITY', -Infinity],
    ['１.５', 1.5],
    ['0x1p3', undefined],
  ])('float(%j)', (text, value) => expect(toFloat(text, 'cfg_scale')).toBe(value))

  it('fails where Python overflows', () => {
    expect(() => toFloat(10n ** 400n, 'cfg_scale')).toThrow(PayloadError)
    expect(() => toInt(Infinity, 'seed')).toThrow(/payload\.seed is inf/)
  })

  it('takes NaN and blanks for true', () =>
    expect([Number.NaN, ' ', [0]].map(v => truthy(toPython(v)))).toEqual([true, true, true]))
})
