import { describe, expect, it } from 'vitest'
import { PayloadError } from '../errors.js'
import { isFloatMember } from './json.js'
import { parsePayload, unwrapPop } from './parse.js'

describe('reading a payload', () => {
  it('keeps integers beyond 2^53 and small ones as they are', () => {
    expect(parsePayload('{"a": 9223372036854775807, "b": -9007199254740993, "c": 42, "d": -0}')).toEqual({
      a: 9223372036854775807n,
      b: -9007199254740993n,
      c: 42,
      d: -0,
    })
  })

  it('takes the numbers that Python writes beyond the standard, but not inside texts', () => {
    const text = '{"a": NaN, "b": [Infinity, -Infinity], "c": "NaN \\" Infinity", "NaN": 0e0, "d": 1e400}'
    expect(parsePayload(text)).toEqual({
      a: Number.NaN,
      b: [Infinity, -Infinity],
      c: 'NaN " Infinity',
      NaN: 0,
      d: Infinity,
    })
  })

  it('remembers which numbers were floats', () => {
    const payload = parsePayload('{"a": 1.0, "b": 1, "c": [2e3, 2], "d": 1.5}')
    expect(payload).toEqual({ a: 1, b: 1, c: [2000, 2], d: 1.5 })
    expect(['a', 'b', 'd'].map(key => isFloatMember(payload, key))).toEqual([true, false, false])
    expect(['0', '1'].map(key => isFloatMember(payload.c as object, key))).toEqual([true, false])
  })

  it('lets the last of equal keys win, and treats __proto__ as a key', () => {
    expect(parsePayload('{"a": 1, "a": {"b": 2}}')).toEqual({ a: { b: 2 } })
    const payload = parsePayload('{"__proto__": {"model": "x"}, "constructor": 1}')
    expect(Object.keys(payload)).toEqual(['__proto__', 'constructor'])
    expect(payload.model).toBeUndefined()
  })

  it('reads long texts as they are, wherever they stand', () => {
    const long = 'abcNaN+/0e0'.repeat(1000)
    const text = JSON.stringify({ source_image: long, list: [`${long}\n"`, 'b'], [long]: 1 })
    expect(parsePayload(text)).toEqual({ source_image: long, list: [`${long}\n"`, 'b'], [long]: 1 })
    expect(() => parsePayload(`{"a": "${long}",\n"b": x}`)).toThrow(/no JSON at line 2, column 6/)
    expect(() => parsePayload(`{"a": "${long}\\q"}`)).toThrow(/Invalid escape character/)
  })

  it('reads bytes, with a byte order mark, too', () => {
    expect(parsePayload(new TextEncoder().encode('\ufeff{"a": "é"}'))).toEqual({ a: 'é' })
  })

  it.each([
    ['truncated', '{"a": 1,\n "b": [2', /no JSON at line 2, column 9/],
    ['an unquoted word', '{"a": 1,\n "b": twelve}', /no JSON at line 2, column 7/],
    ['an error behind NaN', '{"a": NaN, "b": NaN, c: 1}', /no JSON at line 1, column 22/],
    ['nothing', '', /no JSON at line 1, column 1/],
    ['an endless integer', `{"a": ${'9'.repeat(5000)}}`, /Integer of 5000 digits/],
    ['an array', '[1]', /a JSON object, got an array/],
    ['null', 'null', /a JSON object, got null/],
    ['a text', '"x"', /a JSON object, got a string/],
    ['nested without end', '['.repeat(200_000), /nested too deeply/],
  ])('refuses %s', (_, text, message) => {
    expect(() => parsePayload(text)).toThrow(PayloadError)
    expect(() => parsePayload(text)).toThrow(message)
  })

  it('refuses what is no text', () => {
    expect(() => parsePayload(new Uint8Array([0x89, 0x50, 0xff]))).toThrow(/no UTF-8/)
  })

  it('refuses what is too large before it reads it', () => {
    expect(() => parsePayload('{"a": "éé"}', { maxBytes: 12 })).toThrow(/13 bytes, at most 12/)
    expect(parsePayload('{"a": "éé"}', { maxBytes: 13 })).toEqual({ a: 'éé' })
  })
})

describe('a pop’s answer', () => {
  it('is its payload with what lies beside it', () => {
    const pop = { payload: { prompt: 'x', model: 'old' }, model: 'new', source_mask: 'm', source_image: null, id: '1' }
    expect(unwrapPop(pop)).toEqual({ prompt: 'x', model: 'new', source_mask: 'm' })
  })

  it('is left alone where it is a payload already', () => {
    const payload = { prompt: 'x' }
    expect(unwrapPop(payload)).toBe(payload)
  })

  it.each([{ payload: null }, { payload: [] }, { payload: {}, id: null }])('without a job is refused: %j', pop => {
    expect(() => unwrapPop(pop)).toThrow(PayloadError)
  })
})
