import { describe, expect, test } from 'vitest'
import { escapeUnseen } from './marks.js'

describe('what is not seen is escaped, and the rest left as it is', () => {
  test.each([
    ['a right-to-left override', 'a\u202egnp.exe', 'a\\u202egnp.exe'],
    ['isolates', '\u2066x\u2069', '\\u2066x\\u2069'],
    ['a zero-width space', 'a\u200bb', 'a\\u200bb'],
    ['a byte order mark', '\ufeffa', '\\ufeffa'],
    ['nothing and escape', '\u0000\u001b[2J', '\\u0000\\u001b[2J'],
    ['half a character', 'x\ud800y', 'x\\ud800y'],
    ['a line separator', '\u2028', '\\u2028'],
    ['line breaks and tabs', 'a\n\tb', 'a\n\tb'],
    ['whole characters and joined ones', '🦄 👩‍🎨 日本 שלום é', '🦄 👩‍🎨 日本 שלום é'],
  ])('%s', (_, text, expected) => {
    expect(escapeUnseen(text)).toBe(expected)
  })

  test('JSON keeps its meaning', () => {
    const value = { prompt: 'a\u202eb\u200bc\ufeff' }
    expect(JSON.parse(escapeUnseen(JSON.stringify(value)))).toEqual(value)
  })
})
