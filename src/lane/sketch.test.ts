import { describe, expect, test } from 'vitest'
import { sketch } from './sketch.js'

/** Numerical Recipes' linear congruential generator, as values about 0. */
function values(length: number, seed: number): Float32Array {
  let state = seed
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32 - 0.5
  })
}

const norm = (data: Float32Array) => Math.sqrt(data.reduce((sum, value) => sum + value * value, 0))
const minus = (a: Float32Array, b: Float32Array) => a.map((value, i) => value - (b[i] ?? 0))

describe('the distance of two sketches is that of the tensors, within the spread that the number of buckets allows', () => {
  test.each([
    [1024, 64],
    [16384, 256],
    [9856, 256],
  ])('%i values in %i buckets', (length, buckets) => {
    const ratios = Array.from({ length: 40 }, (_, seed) => {
      const a = values(length, 2 * seed + 1)
      const noise = values(length, 2 * seed + 2)
      const b = a.map((value, i) => value + 1e-3 * (noise[i] ?? 0))
      return norm(minus(sketch(a, buckets), sketch(b, buckets))) / norm(minus(a, b))
    })
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length
    expect(Math.abs(mean - 1)).toBeLessThan(3 / Math.sqrt(2 * buckets * ratios.length) + 0.01)
    // Of the norm the spread is half of that of its square.
    for (const ratio of ratios) expect(Math.abs(ratio - 1)).toBeLessThan(4.5 / Math.sqrt(2 * buckets))
  })

  test('one value that is off is seen in full, wherever it is', () => {
    const a = values(4096, 1)
    for (const at of [0, 1, 77, 2048, 4095]) {
      const b = a.map((value, i) => (i === at ? value + 0.25 : value))
      expect(norm(minus(sketch(a, 64), sketch(b, 64)))).toBeCloseTo(0.25, 5)
    }
  })
})

test('signs and buckets are the ones that stored goldens were made with', () => {
  // MurmurHash3 fmix32 of 1 to 6: 514e28b7, 30f4c306, 85f0b427, 249cb285, cc0d53cd, 5ceb4d08 (Austin Appleby's MurmurHash3.cpp).
  const sums = sketch(Float32Array.of(1, 2, 4, 8, 16, 32), 8)
  expect([...sums]).toEqual([32, 0, 0, 0, 0, 8 - 16, 2, 1 - 4])
})
