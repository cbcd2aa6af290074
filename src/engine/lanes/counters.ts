/** What is counted of lanes. Pure. */
import type { LaneStats } from '../../lane/protocol.js'
import type { SchedulerStats } from '../../lane/schedule/scheduler.js'

export interface LaneEvent {
  lane: number
  at: number
  event: 'start' | 'death' | 'recycled'
  reason?: string
}

/** What became of an engine's lanes. */
export interface LanesStats {
  /** `scheduler` counts since the engine began, the rest is the process's. */
  lanes: readonly ({
    number: number
    pid: number | undefined
    jobs: number
    starts: number
    scheduler: SchedulerStats
  } & Partial<LaneStats>)[]
  /** Lanes that died, by reason. */
  deaths: Readonly<Record<string, number>>
  /** Lanes that were replaced because their memory crept. */
  recycled: number
  /** Starts and ends of lanes, the latest; `at` is on the clock of `performance.now()`. */
  history: readonly LaneEvent[]
  /** Jobs that ended, by state or by the code of their fault. */
  ended: Readonly<Record<string, number>>
}

export const NOTHING: SchedulerStats = { runs: 0, requests: 0, most: 0, ownMs: 0, busyMs: 0 }

/** Both together. */
export function added(a: SchedulerStats, b: SchedulerStats = NOTHING): SchedulerStats {
  return {
    runs: a.runs + b.runs,
    requests: a.requests + b.requests,
    most: Math.max(a.most, b.most),
    ownMs: a.ownMs + b.ownMs,
    busyMs: a.busyMs + b.busyMs,
  }
}

/** Bytes beyond the empty process and what its networks took. */
export function creepOf({ rss, emptyRss, networks }: Pick<LaneStats, 'rss' | 'emptyRss' | 'networks'>): number {
  return networks.reduce(
    (rest, { resident, measured, estimated }) => rest - (resident ? Math.max(measured, estimated) : 0),
    rss - emptyRss,
  )
}
