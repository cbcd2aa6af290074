import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { DType } from '../checkpoint.js'
import { toFloats } from './dtype.js'

/** Every bit pattern of a type, little-endian. */
function allPatterns(bytes: 1 | 2): Uint8Array {
  const patterns =
    bytes === 1 ? Uint8Array.from({ length: 256 }, (_, i) => i) : Uint16Array.from({ length: 65536 }, (_, i) => i)
  return new Uint8Array(patterns.buffer)
}

describe('floats of every width', () => {
  // SHA-256 of the values that numpy 2 and ml_dtypes give for all bit patterns, NaN replaced by 999.
  it.each<[DType, 1 | 2, string]>([
    ['F16', 2, 'f0cc59fb2249856d93dc836d6a79befc8ccaba09e1763ad2fe59e2d1e19651d9'],
    ['BF16', 2, '36702b444d4f8031a8d3dde9ac9e0431fd41e6c7626ca52716020ff8769f92cc'],
    ['F8_E4M3', 1, '5aa67d62347f3e14f9a048af2b04087eb35c72a6eee73066c2292746fbd9600b'],
    ['F8_E5M2', 1, '5c5875940849759b7eeaa61ef0fd699f88e5d68bab50c37b485487762aa9cc9b'],
  ])('%s has the values of numpy in all its patterns', (dtype, bytes, hash) => {
    const values = toFloats(dtype, allPatterns(bytes)).map(value => (Number.isNaN(value) ? 999 : value))
    expect(createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex')).toBe(hash)
  })

  it.each<[DType, number[], number[]]>([
    ['F64', [0, 0, 0, 0, 0, 0, 0xf8, 0xbf], [-1.5]],
    ['F32', [0, 0, 0x80, 0x3f], [1]],
    ['I64', [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [-2]],
    ['I32', [0xff, 0xff, 0xff, 0xff], [-1]],
    ['I16', [0, 0x80], [-32768]],
    ['I8', [0x80, 0x7f], [-128, 127]],
    ['U8', [0xff], [255]],
    ['BOOL', [0, 1], [0, 1]],
  ])('%s is read as little-endian numbers', (dtype, bytes, values) => {
    expect([...toFloats(dtype, Uint8Array.from(bytes))]).toEqual(values)
  })

  it('reads values that do not lie on a multiple of their size', () => {
    const bytes = Uint8Array.from([9, 0, 0, 0x80, 0x3f])
    expect([...toFloats('F32', bytes.subarray(1))]).toEqual([1])
  })
})
