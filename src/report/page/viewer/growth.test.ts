import { describe, expect, test } from 'vitest'
import { growthText } from './growth.js'

const growth = (...distances: number[]) => distances.map((distance, i) => ({ pass: 1, step: i + 1, distance }))

describe('growth in words', () => {
  test.each([
    ['no steps', [], 'no step was compared'],
    ['no distance', growth(0, 0), 'identical after every step that was compared'],
    ['one step', growth(0.5), '0.5 after step 1, 0.5 after step 1'],
    [
      'a jump',
      growth(1e-6, 2e-6, 4e-3, 5e-3),
      '1.00e-6 after step 1, 0.005 after step 4; it grew most at step 3, 2000 times',
    ],
    ['a way back', growth(0.4, 0.2), '0.4 after step 1, 0.2 after step 2'],
    [
      'two passes',
      [
        { pass: 1, step: 4, distance: 0.25 },
        { pass: 2, step: 4, distance: 0.5 },
      ],
      '0.25 after step 4 of pass 1, 0.5 after step 4 of pass 2; it grew most at step 4 of pass 2, 2 times',
    ],
  ])('%s', (_, steps, expected) => {
    expect(growthText(steps)).toBe(expected)
  })
})
