import { describe, expect, it } from 'vitest'
import { type LaneView, nextAssignment, type WaitingJob } from './assign.js'

const job = (order: number, more: Partial<WaitingJob> = {}): WaitingJob => ({
  order,
  arrived: order,
  priority: 0,
  deadline: Number.POSITIVE_INFINITY,
  file: 'model',
  suspect: false,
  ...more,
})
const lane = (jobs: number, more: Partial<LaneView> = {}): LaneView => ({
  jobs,
  closed: false,
  files: new Set(),
  ...more,
})
const next = (waiting: WaitingJob[], lanes: LaneView[], now = 0) => nextAssignment(waiting, lanes, { inFlight: 4, now })

describe('the next job of the engine', () => {
  it('is the one that came first, and goes to the emptiest lane', () => {
    const [first, second] = [job(1), job(2)]
    const [busy, idle] = [lane(2), lane(0)]
    expect(next([second, first], [busy, idle])).toEqual({ job: first, lane: idle })
  })

  it('is the one of higher priority, until the other has waited long enough', () => {
    const [low, high] = [job(1, { arrived: 0 }), job(2, { arrived: 40_000, priority: 2 })]
    expect(next([low, high], [lane(0)], 50_000)?.job).toBe(high)
    expect(next([low, job(3, { arrived: 200_000, priority: 2 })], [lane(0)], 200_000)?.job).toBe(low)
  })

  it('is the one that expires first among equals', () => {
    const urgent = job(2, { arrived: 0, deadline: 1000 })
    expect(next([job(1, { arrived: 0 }), urgent], [lane(0)])?.job).toBe(urgent)
  })

  it('waits where every lane is full or closed', () => {
    expect(next([job(1)], [lane(4), lane(0, { closed: true })])).toBeUndefined()
  })

  it('goes to the lane that has its model among equals', () => {
    const has = lane(0, { files: new Set(['model']) })
    expect(next([job(1)], [lane(0), has])?.lane).toBe(has)
  })

  it('is the suspect, alone, for which one lane is emptied while the others go on', () => {
    const [suspect, other] = [job(5, { suspect: true }), job(1)]
    const [one, three] = [lane(1), lane(3)]
    expect(next([other, suspect], [one, lane(0)])?.job).toBe(suspect)
    expect(next([other, suspect], [one, three])).toEqual({ job: other, lane: three })
    expect(next([other, suspect], [one])).toBeUndefined()
  })
})
