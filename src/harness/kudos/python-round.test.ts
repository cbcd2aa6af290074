import { expect, test } from 'vitest'
import { roundToCents } from './python-round.js'

/** What Python 3.11 answers to `round(value, 2)`. */
test.each([
  [0.125, 0.12],
  [0.375, 0.38],
  [2.675, 2.67],
  [1.005, 1],
  [-0.125, -0.12],
  [0.625, 0.62],
  [10.125, 10.12],
  [7.565, 7.57],
  [2.5, 2.5],
  [0.005, 0.01],
  [0.015, 0.01],
])('round(%d, 2) is %d', (value, rounded) => {
  expect(roundToCents(value)).toBe(rounded)
})
