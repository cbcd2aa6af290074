import { describe, expect, test } from 'vitest'
import type { StressJob } from '../../../harness/stress/stress-schema.js'
import { stretches } from './packing.js'

const job = (n: number, lane: number | undefined, startedMs: number, endedMs: number): StressJob => ({
  n,
  schedule: 's',
  job: `job ${n}`,
  ...(lane === undefined ? {} : { lane }),
  queuedMs: startedMs,
  startedMs,
  endedMs,
  state: 'ok',
  retries: 0,
  verdict: 'same',
})

const drawn = (jobs: StressJob[], wallMs = 1000, deaths: { lane: number; atMs: number }[] = []) =>
  stretches({
    wallMs,
    timeline: { jobs, omitted: 0, lanes: deaths.map(death => ({ ...death, event: 'death' as const })) },
  })

const numbers = (slots: StressJob[][]) => slots.map(slot => slot.map(({ n }) => n))

describe('a timeline', () => {
  test('puts jobs that overlap below each other, and others behind each other', () => {
    const [one] = drawn([job(0, 1, 0, 100), job(1, 1, 50, 150), job(2, 1, 100, 200), job(3, 1, 120, 300)])
    expect(one).toMatchObject({ fromMs: 0, toMs: 300 })
    expect(numbers(one?.rows[0]?.slots ?? [])).toEqual([[0, 2], [1], [3]])
  })

  test('has a row for each lane, and one for jobs that no lane finished', () => {
    const [one] = drawn([job(0, 2, 0, 10), job(1, 1, 0, 10), job(2, undefined, 0, 10)])
    expect(one?.rows.map(({ lane }) => lane)).toEqual([1, 2, undefined])
  })

  test('is broken where most of the jobs were left out', () => {
    const parts = drawn([job(0, 1, 0, 100), job(1, 1, 90, 120), job(9, 1, 900, 1000)])
    expect(parts.map(({ fromMs, toMs }) => [fromMs, toMs])).toEqual([
      [0, 120],
      [900, 1000],
    ])
  })

  test('shows deaths where their lane is', () => {
    const [one] = drawn([job(0, 1, 0, 100), job(1, 2, 0, 100)], 1000, [
      { lane: 2, atMs: 40 },
      { lane: 1, atMs: 700 },
    ])
    expect(one?.rows.map(({ deaths }) => deaths.length)).toEqual([0, 1])
  })

  test('of nothing is nothing', () => {
    expect(drawn([])).toEqual([])
  })
})
