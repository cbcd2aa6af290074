import { describe, expect, test } from 'vitest'
import { normal, randomOf } from '../mutations/pixels.js'
import { blot, edited } from '../testing.js'
import { type Leaning, leanOf, populationGate } from './population.js'

/** Cases whose red is off by `bias` and as much noise, each a cluster of its own. */
function cases(count: number, { bias = 0, noise = 1, seed = 1 } = {}): Leaning[] {
  const random = randomOf(seed)
  return Array.from({ length: count }, (_, i) => ({
    cluster: `case ${i}`,
    lean: { red: bias + noise * normal(random), green: 0, blue: 0, contrast: 0, detail: 0 },
  }))
}

describe('the population', () => {
  test('of a sound run fails no more often than by one in a hundred', () => {
    const failed = Array.from({ length: 200 }, (_, seed) => populationGate(cases(30, { noise: 0.3, seed }))).filter(
      ({ verdict }) => verdict === 'fail',
    )
    expect(failed.length).toBeLessThanOrEqual(5)
  })

  test('that leans by more than the floor is found where every single case hides in its noise', () => {
    expect(populationGate(cases(40, { bias: 1, noise: 0.8 }))).toMatchObject({
      verdict: 'fail',
      reason: expect.stringMatching(/^taken together, 40 pictures are redder \(/),
    })
    expect(populationGate(cases(40, { bias: -1, noise: 0.8 })).reason).toContain('less red')
  })

  test('that leans by less than the floor passes, however certain it is', () => {
    expect(populationGate(cases(40, { bias: 0.2, noise: 0.01 }))).toMatchObject({ verdict: 'pass' })
  })

  test('of few independent cases says nothing, be they ever so many with their twins', () => {
    const twins = cases(40, { bias: 5 }).map((one, i) => ({ ...one, cluster: `twin ${i % 4}` }))
    expect(populationGate(twins)).toMatchObject({ verdict: 'unmeasured', metrics: { cases: 40, independent: 4 } })
  })
})

test('a picture leans where it was changed', () => {
  const lean = leanOf(
    edited(blot(1), (value, i) => value + (i % 3 === 0 ? 3 : 0)),
    blot(1),
  )
  expect(lean.red).toBeCloseTo(3, 1)
  expect(lean.blue).toBe(0)
  expect(
    leanOf(
      edited(blot(1), value => 60 + value / 2),
      blot(1),
    ).contrast,
  ).toBeCloseTo(Math.log(0.5), 1)
})
