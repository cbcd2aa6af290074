import { describe, expect, it } from 'vitest'
import { applyWeights } from './encode.js'

describe('weights of a prompt', () => {
  const hidden = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8)
  const empty = Float32Array.of(0.5, 0.5, 1, -1)

  it('move tokens away from those at the same place of the empty prompt, in every chunk', () => {
    const weighted = applyWeights({ hidden, empty, weights: [1, 2, 0.5, 0], width: 2 })
    expect([...weighted]).toEqual([1, 2, 5, 9, 2.75, 3.25, 1, -1])
    expect([...hidden]).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('leave the encoding alone where all are 1', () => {
    expect(applyWeights({ hidden, empty, weights: [1, 1, 1, 1], width: 2 })).toBe(hidden)
  })

  it('are applied in single precision, step by step', () => {
    // numpy.float32: (0.1 − 0.3) · 1.3 + 0.3
    const weighted = applyWeights({
      hidden: Float32Array.of(0.1),
      empty: Float32Array.of(0.3),
      weights: [1.3],
      width: 1,
    })
    expect([...weighted]).toEqual([0.03999999165534973])
  })
})
