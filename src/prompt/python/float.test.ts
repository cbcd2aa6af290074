import { describe, expect, it } from 'vitest'
import { pythonFloatText, readPythonFloat } from './float.js'

/** What CPython's `float(text)` returns; undefined where it raises. */
const read: [string, number | undefined][] = [
  ['1.3', 1.3],
  [' 1.3 ', 1.3],
  ['+1', 1],
  ['-1', -1],
  ['.5', 0.5],
  ['5.', 5],
  ['1e3', 1000],
  ['1E-3', 0.001],
  ['1_000', 1000],
  ['1__0', undefined],
  ['_1', undefined],
  ['1e', undefined],
  ['0x10', undefined],
  ['', undefined],
  ['.', undefined],
  ['inf', Infinity],
  ['-Infinity', -Infinity],
  ['nan', Number.NaN],
  ['infinit', undefined],
  ['1.3.1', undefined],
  ['１２', 12],
  ['٣.٥', 3.5],
  ['𝟙𝟚', 12],
  ['1,5', undefined],
  ['1 2', undefined],
  ['\x1c2', undefined],
]

/** What CPython's `repr` writes. */
const written: [number, string][] = [
  [0, '0.0'],
  [-0, '-0.0'],
  [1, '1.0'],
  [-1, '-1.0'],
  [0.5, '0.5'],
  [1e-7, '1e-07'],
  [1e-5, '1e-05'],
  [0.0001, '0.0001'],
  [0.00012345, '0.00012345'],
  [1e15, '1000000000000000.0'],
  [1e16, '1e+16'],
  [123456789012345680, '1.2345678901234568e+17'],
  [1.5e300, '1.5e+300'],
  [5e-324, '5e-324'],
  [0.1 + 0.2, '0.30000000000000004'],
  [100, '100.0'],
  [1234.5, '1234.5'],
  [Number.NaN, 'nan'],
  [Infinity, 'inf'],
  [-Infinity, '-inf'],
]

describe("Python's floats", () => {
  it.each(read)('%j is read as %d', (text, value) => {
    const found = readPythonFloat(text)
    expect(found?.end === text.length ? found.value : undefined).toEqual(value)
  })

  it.each(written)('%d is written as %s', (value, text) => {
    expect(pythonFloatText(value)).toBe(text)
  })
})
