/** Where the jobs of a timeline are drawn: pure. */
import type { Stress, StressJob } from '../../../harness/stress/stress-schema.js'

/** A stretch of time in which there are jobs to be seen; stress keeps the first, the last and the broken ones of many. */
export interface Stretch {
  fromMs: number
  toMs: number
  rows: Row[]
}

export interface Row {
  /** Undefined for jobs that no lane finished. */
  lane: number | undefined
  /** Jobs that do not overlap stand in one slot. */
  slots: StressJob[][]
  deaths: { atMs: number; reason: string }[]
}

/** Share of the whole time without any job after which the axis is broken. */
const GAP = 0.15

export function stretches({ timeline, wallMs }: Pick<Stress, 'timeline' | 'wallMs'>): Stretch[] {
  const jobs = timeline.jobs.toSorted((a, b) => beginOf(a) - beginOf(b))
  const parts: { fromMs: number; toMs: number; jobs: StressJob[] }[] = []
  for (const job of jobs) {
    const last = parts.at(-1)
    if (last === undefined || beginOf(job) - last.toMs > GAP * wallMs) {
      parts.push({ fromMs: beginOf(job), toMs: job.endedMs, jobs: [job] })
      continue
    }
    last.jobs.push(job)
    last.toMs = Math.max(last.toMs, job.endedMs)
  }
  return parts.map(({ fromMs, toMs, jobs }) => ({ fromMs, toMs, rows: rowsOf(jobs, { timeline, fromMs, toMs }) }))
}

function rowsOf(
  jobs: readonly StressJob[],
  { timeline, fromMs, toMs }: { timeline: Stress['timeline']; fromMs: number; toMs: number },
): Row[] {
  const deaths = timeline.lanes.filter(({ event, atMs }) => event === 'death' && atMs >= fromMs && atMs <= toMs)
  const lanes = [...new Set([...jobs.map(({ lane }) => lane), ...deaths.map(({ lane }) => lane)])]
  return lanes
    .sort((a, b) => (a ?? Number.POSITIVE_INFINITY) - (b ?? Number.POSITIVE_INFINITY))
    .map(lane => ({
      lane,
      slots: pack(jobs.filter(job => job.lane === lane)),
      deaths: deaths.filter(death => death.lane === lane).map(({ atMs, reason = 'it died' }) => ({ atMs, reason })),
    }))
}

/** Each job into the first slot that is free when it begins. */
function pack(jobs: readonly StressJob[]): StressJob[][] {
  const slots: StressJob[][] = []
  for (const job of jobs) {
    const slot = slots.find(slot => (slot.at(-1)?.endedMs ?? 0) <= beginOf(job))
    if (slot) slot.push(job)
    else slots.push([job])
  }
  return slots
}

export function beginOf({ startedMs, queuedMs }: StressJob): number {
  return startedMs ?? queuedMs
}
