/** Plays a schedule on an engine: effects only, nothing is judged here. */
import { randomUUID } from 'node:crypto'
import type { Engine, Generation } from '../../engine/types.js'
import type { JobEntry, Schedule } from './schedule.js'

/** What became of one entry. */
export interface Outcome {
  /** In the order in which the jobs were started. */
  n: number
  schedule: string
  entry: JobEntry
  queuedAt: number
  startedAt?: number
  endedAt: number
  /** Absent where nothing was heard of it any more. */
  generation?: Generation
  /** Number of the lane that was killed under it on purpose. */
  killed?: boolean
}

export interface PlayOptions {
  /** Number of the first job. @default 0 */
  from?: number
  onEnd?(outcome: Outcome): void
  signal?: AbortSignal | undefined
  /** Milliseconds without any news after which what is not done counts as lost. @default 300000 */
  lostMs?: number
}

export async function play(
  engine: Engine,
  { name, jobs, entries, in_flight: inFlight }: Schedule,
  { from = 0, onEnd = () => {}, signal, lostMs = 300_000 }: PlayOptions = {},
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  const running = new Set<Promise<void>>()
  let n = from
  let heardAt = performance.now()

  async function run(entry: JobEntry, number: number): Promise<void> {
    const outcome: Outcome = { n: number, schedule: name, entry, queuedAt: performance.now(), endedAt: 0 }
    const handle = engine.generate(jobs[entry.job] ?? {}, {
      id: `${name}-${number}-${randomUUID()}`,
      ...(signal === undefined ? {} : { signal }),
    })
    const events = (async () => {
      let lane = 0
      for await (const event of handle) {
        heardAt = performance.now()
        if (event.type === 'started') {
          lane = event.lane
          outcome.startedAt ??= performance.now()
        }
        if (event.type !== 'step') continue
        if (entry.abort_at !== undefined && event.step >= entry.abort_at) handle.cancel()
        if (entry.kill_at !== undefined && event.step >= entry.kill_at && outcome.killed !== true) {
          outcome.killed = kill(engine, lane)
        }
      }
      return handle
    })()
    const generation = await Promise.race([events, silence(() => performance.now() - heardAt > lostMs)])
    if (generation !== undefined) outcome.generation = generation
    outcome.endedAt = performance.now()
    outcomes.push(outcome)
    onEnd(outcome)
  }

  for (const entry of entries) {
    if (signal?.aborted) break
    if ('wait' in entry) await Promise.all(running)
    else if ('evict' in entry) await engine.release()
    else {
      while (running.size >= inFlight) await Promise.race(running)
      const job = run(entry, n++).finally(() => running.delete(job))
      running.add(job)
    }
  }
  await Promise.all(running)
  return outcomes.sort((a, b) => a.n - b.n)
}

function kill(engine: Engine, lane: number): boolean {
  const pid = engine.stats().lanes.find(({ number }) => number === lane)?.pid
  if (pid === undefined) return false
  try {
    return process.kill(pid, 'SIGKILL')
  } catch {
    // It died a moment ago.
    return false
  }
}

/** Ends when something has become so; looks once a second, and keeps no process alive. */
function silence(isSo: () => boolean): Promise<undefined> {
  return new Promise(resolve => {
    const timer = setInterval(() => {
      if (!isSo()) return
      clearInterval(timer)
      resolve(undefined)
    }, 1000)
    timer.unref()
  })
}
