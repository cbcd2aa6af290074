import { expect, test } from 'vitest'
import { canonicalJson, readableJson, sha256Hex } from './canonical.js'

test('the order of keys, white space and absent members do not change the canonical text; values do', () => {
  const text = '{"a":[1,null,{"x":9223372036854775807,"y":"ü\\n"}],"b":0.1}'
  expect(canonicalJson({ b: 0.1, a: [1, undefined, { y: 'ü\n', x: 2n ** 63n - 1n, z: undefined }] })).toBe(text)
  expect(canonicalJson({ b: 0.1, a: [1, null, { y: 'ü\n', x: 2n ** 63n }] })).not.toBe(text)
})

test('the hash is SHA-256 (FIPS 180-2, example B.1)', () => {
  expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})

test('readable text keeps plain lists on a line and means the same', () => {
  const value = { a: [1, 2, 3], b: [{ c: [] }, [4]], d: {}, e: null, f: 'text "quoted"', g: undefined }
  const text = readableJson(value)
  expect(text).toBe(
    '{\n "a": [1,2,3],\n "b": [\n  {\n   "c": []\n  },\n  [4]\n ],\n "d": {},\n "e": null,\n "f": "text \\"quoted\\""\n}',
  )
  expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
})
