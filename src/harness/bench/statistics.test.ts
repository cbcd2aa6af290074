import { describe, expect, test } from 'vitest'
import { decide, interquartileMean, type Pair, wantsMore } from './decide.js'
import { distributionOf } from './distribution.js'
import { mannWhitneyP } from './mann-whitney.js'
import { seededRandom } from './random.js'
import { simulate } from './self-test.js'
import { findSteps } from './steps.js'
import { warmedUp } from './warm-up.js'

/** Pairs whose times scatter by about `noise`, the candidate's stretched by `slowdown`. */
function noisy(count: number, { slowdown = 1, noise = 0.015, seed = 1 } = {}): Pair[] {
  const random = seededRandom(seed)
  const around = () => 1000 * Math.exp(noise * (random() + random() + random() + random() - 2) * Math.sqrt(3))
  return Array.from({ length: count }, () => ({ baseline: around(), candidate: around() * slowdown }))
}

describe('Mann and Whitney', () => {
  /** Of scipy 1.17's `mannwhitneyu`, two-sided. */
  test.each([
    [
      'exact',
      [1.83, 1.91, 2.02, 1.77, 1.95, 2.11, 1.89, 2.05],
      [2.12, 2.2, 1.99, 2.31, 2.08, 2.27, 2.15, 1.97],
      0.006993006993006993,
    ],
    ['exact, apart', [1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12], 0.0021645021645021645],
    ['with ties', [1, 2, 2, 3, 4, 4, 4, 5], [2, 3, 4, 4, 5, 6, 6, 7, 8], 0.05636229497686201],
  ])('%s', (_, a, b, p) => {
    expect(mannWhitneyP(a, b)).toBeCloseTo(p, 6)
    expect(mannWhitneyP(b, a)).toBeCloseTo(p, 6)
  })

  test('what is all equal differs in nothing', () => {
    expect(mannWhitneyP([1, 1, 1], [1, 1, 1])).toBe(1)
  })
})

/** Of numpy 2.4. */
test('a distribution has the quantiles that numpy has', () => {
  expect(distributionOf([3, 1, 4, 1.5, 9])).toMatchObject({
    n: 5,
    min: 1,
    p10: expect.closeTo(1.2, 12),
    median: 3,
    p90: expect.closeTo(7, 12),
    p99: expect.closeTo(8.8, 12),
    max: 9,
    mean: 3.7,
    cv: expect.closeTo(0.8631740228470979, 9),
  })
})

test('the interquartile mean leaves out the outer quarters, in parts where they do not divide', () => {
  expect(interquartileMean([1, 2, 3, 4, 5, 6, 7, 1000])).toBe(4.5)
  // https://en.wikipedia.org/wiki/Interquartile_mean, the example of nine values
  expect(interquartileMean([1, 3, 5, 7, 9, 11, 13, 15, 17])).toBeCloseTo(9, 12)
  expect(interquartileMean([5, 8, 4, 38, 8, 6, 9, 7, 7, 3, 1, 6])).toBe(6.5)
})

describe('a decision', () => {
  test('is the same for the same seed', () => {
    expect(decide([noisy(8)], { seed: 3 })).toEqual(decide([noisy(8)], { seed: 3 }))
  })

  test.each([
    [1.15, 'slower'],
    [1 / 1.15, 'faster'],
    [1, 'same'],
  ])('of quiet pairs %d times as long is %s', (slowdown, verdict) => {
    expect(decide([noisy(12, { slowdown, noise: 0.005 })]).verdict).toBe(verdict)
  })

  test('of pairs that all agree has an interval without width', () => {
    const pairs = Array.from({ length: 8 }, () => ({ baseline: 100, candidate: 110 }))
    const { ratio, verdict } = decide([pairs])
    expect([verdict, ratio.low, ratio.high]).toEqual(['slower', expect.closeTo(1.1, 9), expect.closeTo(1.1, 9)])
  })

  test('does not mind one spike', () => {
    const pairs = noisy(8, { noise: 0.004 })
    pairs[3] = { baseline: 1000, candidate: 3000 }
    expect(decide([pairs]).ratio.estimate).toBeCloseTo(1, 1)
  })

  test('of several payloads weighs them equally, whatever they take', () => {
    const long = noisy(8, { slowdown: 1.2, noise: 0 }).map(({ baseline, candidate }) => ({
      baseline: 100 * baseline,
      candidate: 100 * candidate,
    }))
    expect(decide([long, noisy(8, { noise: 0 })]).ratio.estimate).toBeCloseTo(Math.sqrt(1.2), 6)
  })

  test('that is unsure asks for more pairs while they cost little, and once where the ranks differ', () => {
    const pairs = noisy(8, { slowdown: 1.03, noise: 0.012, seed: 5 })
    const unsure = decide([pairs])
    expect(unsure).toMatchObject({ verdict: 'unsure', p: expect.toSatisfy((p: number) => p < 0.05) })
    const cheap = { taken: 8, wanted: 8, spentMs: 5000 }
    expect(wantsMore(unsure, cheap)).toBe(true)
    expect(wantsMore({ ...unsure, doubled: true }, { ...cheap, taken: 32 })).toBe(true)
    expect(wantsMore({ ...unsure, doubled: true }, { ...cheap, taken: 64 })).toBe(false)
    const dear = { ...cheap, spentMs: 60_000 }
    expect(wantsMore(unsure, dear)).toBe(true)
    expect(wantsMore({ ...unsure, doubled: true }, dear)).toBe(false)
    expect(wantsMore({ ...unsure, p: 0.3 }, dear)).toBe(false)
    expect(wantsMore({ ...unsure, verdict: 'slower' }, cheap)).toBe(false)
  })
})

/** The noise of research: 1.5 % with the odd spike. */
test('simulated benches find 8 % and nothing in nothing', () => {
  const random = seededRandom(2)
  const recorded = noisy(60, { seed: 9 }).map(pair =>
    random() < 0.05 ? { ...pair, baseline: pair.baseline * 1.15 } : pair,
  )
  const rules = { confidence: 0.98, minimumEffect: 0.02, seed: 4 }
  const said = (slowdown: number, verdict: string) =>
    simulate(recorded, { slowdown, benches: 200, pairs: 8, rules }).filter(decision => decision.verdict === verdict)
      .length
  expect(said(1.08, 'slower')).toBeGreaterThanOrEqual(190)
  expect(said(1, 'slower') + said(1, 'faster')).toBeLessThanOrEqual(2)
})

test('warm-up ends when two runs agree, or after five', () => {
  expect(warmedUp([900])).toEqual({ done: false, stable: false })
  expect(warmedUp([900, 500])).toEqual({ done: false, stable: false })
  expect(warmedUp([900, 500, 505])).toEqual({ done: true, stable: true })
  expect(warmedUp([900, 500, 600, 500, 600])).toEqual({ done: true, stable: false })
})

describe('steps of a history', () => {
  const times = (...parts: readonly (readonly [number, number])[]) =>
    parts.flatMap(([count, level], part) =>
      noisy(count, { seed: part + 1 }).map(({ baseline }) => (baseline * level) / 1000),
    )

  test('are found where they are', () => {
    const steps = findSteps(times([12, 100], [10, 108], [10, 90]))
    expect(steps.map(({ at }) => at)).toEqual([12, 22])
    expect(steps.map(({ ratio }) => ratio)).toEqual([expect.closeTo(1.08, 1), expect.closeTo(0.83, 1)])
  })

  test('are none in noise, nor where a change is too small to matter', () => {
    for (const seed of [1, 2, 3]) expect(findSteps(noisy(30, { seed }).map(({ baseline }) => baseline))).toEqual([])
    expect(findSteps([...Array(10).fill(100), ...Array(10).fill(101)])).toEqual([])
  })
})
