/** Makes the `stress` section of a run from what was played and judged. Pure. */
import type { LaneEvent, LanesStats } from '../../engine/lanes/counters.js'
import type { Judgement } from './judge.js'
import type { Outcome } from './play.js'
import type { Schedule } from './schedule.js'
import type { Stress, StressJob, StressProblem } from './stress-schema.js'

export interface Judged {
  outcome: Outcome
  judgement: Judgement
}

export interface Played {
  schedule: Schedule
  startedAt: number
  endedAt: number
  judged: readonly Judged[]
}

export interface MemorySample {
  at: number
  jobs: number
  rss: number
}

/** Jobs that the timeline keeps at most. */
const TIMELINE_JOBS = 2000

/** Jobs after which caches and arenas are taken to be filled. */
const WARM_JOBS = 100

export function timelineOf(judged: readonly Judged[], events: readonly LaneEvent[], since: number): Stress['timeline'] {
  const jobs = judged.map(one => jobOf(one, since)).sort((a, b) => a.n - b.n)
  const half = TIMELINE_JOBS / 2
  const kept = jobs.filter(
    ({ verdict }, i) => i < half || i >= jobs.length - half || verdict === 'different' || verdict === 'unexpected',
  )
  return {
    jobs: kept,
    omitted: jobs.length - kept.length,
    lanes: events.map(({ at, ...event }) => ({ ...event, atMs: at - since })),
  }
}

function jobOf({ outcome, judgement }: Judged, since: number): StressJob {
  const { n, schedule, entry, generation, killed } = outcome
  const fault = generation?.faults[0]?.code
  const injected = [
    ...(entry.abort_at === undefined ? [] : [`aborted at step ${entry.abort_at}`]),
    ...(killed ? [`its lane was killed at step ${entry.kill_at}`] : []),
  ]
  return {
    n,
    schedule,
    job: entry.job,
    ...(generation?.lane === undefined ? {} : { lane: generation.lane }),
    queuedMs: outcome.queuedAt - since,
    ...(outcome.startedAt === undefined ? {} : { startedMs: outcome.startedAt - since }),
    endedMs: outcome.endedAt - since,
    state: generation?.state ?? 'lost',
    ...(fault === undefined ? {} : { fault }),
    retries: generation?.retries ?? 0,
    ...(injected.length === 0 ? {} : { injected: injected.join(', ') }),
    verdict: judgement.verdict,
  }
}

export function problemsOf(judged: readonly Judged[]): StressProblem[] {
  return judged
    .flatMap(({ outcome: { n, schedule, entry }, judgement: { problem } }) =>
      problem === undefined ? [] : [{ n, schedule, job: entry.job, ...problem }],
    )
    .sort((a, b) => a.n - b.n)
}

export function totalsOf(judged: readonly Judged[]): Stress['totals'] {
  const count = (test: (one: Judged) => boolean) => judged.filter(test).length
  return {
    jobs: judged.length,
    same: count(({ judgement }) => judgement.verdict === 'same'),
    withinTolerance: count(({ judgement }) => judgement.verdict === 'within-tolerance'),
    bleeds: count(({ judgement }) => judgement.verdict === 'different'),
    lost: count(({ outcome }) => outcome.generation === undefined),
    unexplained: count(
      ({ outcome, judgement }) => judgement.verdict === 'unexpected' && outcome.generation !== undefined,
    ),
    faults: count(({ outcome }) => outcome.generation?.state === 'fault'),
    cancelled: count(({ outcome }) => outcome.generation?.state === 'cancelled'),
    kills: count(({ outcome }) => outcome.killed === true),
    retries: judged.reduce((sum, { outcome }) => sum + (outcome.generation?.retries ?? 0), 0),
  }
}

export function memoryOf(
  samples: readonly MemorySample[],
  since: number,
  lanes: LanesStats['lanes'],
): Stress['memory'] {
  // A process that took another's place says nothing of creeping.
  const replaced = lanes.some(({ starts }) => starts > 1)
  const late = samples.slice(Math.floor(samples.length / 2))
  const warm = samples.find(({ jobs }) => jobs >= WARM_JOBS)
  const last = samples.at(-1)
  return {
    samples: samples.map(({ at, jobs, rss }) => ({ atMs: at - since, jobs, rss })),
    ...(late.length < 3 || replaced ? {} : { bytesPerJob: slope(late) }),
    ...(warm === undefined || last === undefined || last === warm || replaced
      ? {}
      : { growthSince100: last.rss / warm.rss - 1 }),
    networks: lanes.flatMap(({ networks = [] }) => [...networks]),
  }
}

/** Least squares of memory over jobs. */
function slope(samples: readonly MemorySample[]): number {
  const mean = (of: (sample: MemorySample) => number) => samples.reduce((sum, one) => sum + of(one), 0) / samples.length
  const [jobs, rss] = [mean(({ jobs }) => jobs), mean(({ rss }) => rss)]
  const squares = samples.reduce((sum, one) => sum + (one.jobs - jobs) ** 2, 0)
  if (squares === 0) return 0
  return samples.reduce((sum, one) => sum + (one.jobs - jobs) * (one.rss - rss), 0) / squares
}

/** One sentence on the whole, and whether it is good. */
export function verdictOf({
  jobs,
  bleeds,
  lost,
  unexplained,
  withinTolerance,
  cancelled,
  kills,
}: Stress['totals']): Pick<Stress, 'verdict' | 'reason'> {
  const bad = [
    ...(bleeds > 0 ? [`${bleeds} of ${jobs} jobs are not what they are alone`] : []),
    ...(lost > 0 ? [`${lost} jobs were lost`] : []),
    ...(unexplained > 0 ? [`${unexplained} jobs ended as nobody asked for`] : []),
  ]
  if (bad.length > 0) return { verdict: 'fail', reason: bad.join('; ') }
  if (jobs === 0) return { verdict: 'fail', reason: 'no job was run: nothing was shown' }
  const near = withinTolerance === 0 ? '' : `, ${withinTolerance} of them within the tolerance`
  const without = cancelled === 0 ? '' : `, ${cancelled} more ${cancelled === 1 ? 'was' : 'were'} cancelled on purpose`
  const lanes = kills === 1 ? 'lane was' : 'lanes were'
  const killed = kills === 0 ? '' : `; ${kills} ${lanes} killed and nothing was lost`
  return { verdict: 'pass', reason: `all ${jobs - cancelled} jobs are what they are alone${near}${without}${killed}` }
}
