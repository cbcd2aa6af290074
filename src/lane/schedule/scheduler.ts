/**
 * Gives the thread of a lane to its jobs, one run at a time. Jobs ask for runs and wait; requests that share a session, its
 * adapters and the shape of a row are answered by one run. There is no lock: whoever waits holds nothing.
 */
import { performance } from 'node:perf_hooks'
import { CancelledError, OutOfMemoryError } from '../../errors.js'
import type { Feeds, Outputs, RunClock, Session, SharedFeeds } from '../session.js'
import { choose, type Share, servedOnArrival, type Waiting, weightOf } from './choose.js'
import { join, sliceRows, split, stack } from './stack.js'

/** What a job was given: its shares of runs. */
export interface JobClock extends RunClock {
  /** Milliseconds in which others were served, or others' rows of the same run. */
  waited: number
  /** Milliseconds until networks were loaded, without the time waited. */
  loaded: number
}

/** A lane's counters since it started. */
export interface SchedulerStats {
  /** Runs of sessions. */
  runs: number
  /** Requests that they answered. */
  requests: number
  /** Largest number of requests that one run answered. */
  most: number
  /** Milliseconds that choosing, stacking and splitting took; files that jobs read are theirs. */
  ownMs: number
  /** Milliseconds between the first and the last turn, without the time in which there was nothing to do. */
  busyMs: number
}

export interface SchedulerOptions {
  /** Every request is a run of its own: results cannot depend on who else is there. */
  deterministic: boolean
  /** Bytes of activations up to which requests are answered together. */
  batchBytes: number
  /** The lane's clock: sessions add the time that they take. */
  clock: RunClock
  /** Makes room for a run; false where there is not enough memory for it. */
  afford(bytes: number): Promise<boolean>
  /** Ends when the results of jobs that are done have left the lane. @default at once */
  sent?(): Promise<void>
  /** Makes all the room there can be, after an allocation failed; false where there was none to be made. */
  makeRoom(): Promise<boolean>
}

export interface RunRequest {
  session: Session
  feeds: Feeds
  outputs: readonly string[]
  shared?: SharedFeeds | undefined
}

export interface ScheduledJob {
  readonly clock: JobClock
  /** Waits for its turn, runs the session, alone or with others' rows. */
  run(request: RunRequest): Promise<Outputs>
  /** Anything else that blocks the thread: loading a network. */
  turn<T>(work: () => Promise<T>): Promise<T>
  /** Small files that are read: others' runs leave a moment for them. */
  read<T>(work: () => Promise<T>): Promise<T>
  /** Runs that wait are cancelled. */
  drop(): void
  leave(): void
}

export interface Scheduler {
  join(job: { priority: number }): ScheduledJob
  readonly stats: Readonly<SchedulerStats>
}

interface Request extends Waiting {
  job: Share & { clock: JobClock; weight: number; reading: number }
  since: number
  run?: RunRequest
  work?: () => Promise<unknown>
  resolve(result: unknown): void
  reject(error: unknown): void
}

/**
 * Milliseconds that jobs get which read files. A run blocks the thread, and with it whoever waits for a file: a job that opens a dozen
 * small ones would wait for a dozen runs of others.
 */
const GRACE_MS = 3

export function createScheduler({
  deterministic,
  batchBytes,
  clock,
  afford,
  makeRoom,
  sent = async () => {},
}: SchedulerOptions): Scheduler {
  const stats: SchedulerStats = { runs: 0, requests: 0, most: 0, ownMs: 0, busyMs: 0 }
  const here = new Set<Request['job']>()
  const numbers = new WeakMap<Session, number>()
  let waiting: Request[] = []
  let arrivals = 0
  let sessions = 0
  let serving = false

  function keyOf(request: RunRequest): string | undefined {
    // Kernels for one row sum in another order than those for several, which agree among each other (bench/batching.ts).
    if (deterministic || rowsOf(request) === 1) return undefined
    const { session, feeds, outputs, shared } = request
    const number = numbers.get(session) ?? ++sessions
    numbers.set(session, number)
    const rows = Object.entries(feeds).map(([name, { shape }]) => `${name}:${shape.slice(1).join('x')}`)
    return [number, shared?.key, outputs.join(), ...rows].join('|')
  }

  function ask<T>(job: Request['job'], request: Pick<Request, 'run' | 'work' | 'key' | 'size'>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      waiting.push({
        ...request,
        job,
        order: arrivals++,
        since: performance.now(),
        resolve: result => resolve(result as T),
        reject,
      })
      if (!serving) void serve()
    })
  }

  async function serve(): Promise<void> {
    serving = true
    let since = performance.now()
    for (;;) {
      // Whoever was just answered asks for its next run first, and messages of the engine are heard.
      await turnOfEvents()
      const from = performance.now()
      while (waiting.length > 0 && someRead() && performance.now() - from < GRACE_MS) await turnOfEvents()
      await sent()
      const before = performance.now()
      const chosen = choose(waiting, batchBytes)
      if (chosen.length === 0) break
      waiting = waiting.filter(request => !chosen.includes(request))
      stats.ownMs += performance.now() - before
      await answer(chosen)
      const now = performance.now()
      stats.busyMs += now - since
      since = now
    }
    serving = false
  }

  const someRead = () => [...here].some(({ reading }) => reading > 0)

  async function answer(requests: readonly Request[]): Promise<void> {
    const insideBefore = clock.inside
    const began = performance.now()
    let results: readonly unknown[]
    try {
      results = await compute(requests)
    } catch (error) {
      // Too much for the memory together, or one of them is bad: each gets what it gets alone.
      if (requests.length === 1) requests[0]?.reject(error)
      else for (const half of halves(requests)) await answer(half)
      return
    }
    const now = performance.now()
    const whole = requests.reduce((sum, { size }) => sum + size, 0)
    for (const [i, { job, size, since, run, resolve }] of requests.entries()) {
      const share = whole === 0 ? 1 / requests.length : size / whole
      // What loading costs is no job's own: the next one finds the network there.
      if (run !== undefined) job.served += ((now - began) * share) / job.weight
      const inside = (clock.inside - insideBefore) * share
      job.clock.inside += inside
      job.clock.waited += Math.max(0, began - since + (clock.inside - insideBefore) - inside)
      resolve(results[i])
    }
  }

  async function compute(requests: readonly Request[]): Promise<readonly unknown[]> {
    const [first] = requests
    if (first?.work !== undefined) return [await first.work()]
    const runs = requests.flatMap(({ run }) => run ?? [])
    const [leader] = runs
    if (leader === undefined) return []
    const before = performance.now()
    const feeds = stack(runs.map(run => run.feeds))
    stats.ownMs += performance.now() - before
    const together = { ...leader, feeds }
    const outputs = runs.length === 1 ? await runWhatFits(together) : await runWhole(together)
    const after = performance.now()
    const answers = split(outputs, runs.map(rowsOf))
    stats.ownMs += performance.now() - after
    stats.requests += runs.length
    stats.most = Math.max(stats.most, runs.length)
    return answers
  }

  async function runWhole({ session, feeds, outputs, shared }: RunRequest): Promise<Outputs> {
    const bytes = session.activationBytes(feeds)
    if (!(await afford(bytes))) throw new OutOfMemoryError(`running ${session.name}`, bytes)
    stats.runs++
    return session.run(feeds, outputs, shared)
  }

  /** Short of memory, the rows of a request are computed in parts; where one row is too much, whatever is idle makes room. */
  async function runWhatFits(request: RunRequest): Promise<Outputs> {
    try {
      return await runWhole(request)
    } catch (error) {
      if (!(error instanceof OutOfMemoryError)) throw error
      const rows = rowsOf(request)
      if (rows === 1) {
        if (await makeRoom()) return runWhole(request)
        throw error
      }
      const answers: Outputs[] = []
      for (const [from, to] of [
        [0, rows >> 1],
        [rows >> 1, rows],
      ] as const) {
        answers.push(await runWhatFits({ ...request, feeds: sliceRows(request.feeds, from, to) }))
      }
      return join(answers)
    }
  }

  return {
    stats,
    join({ priority }) {
      const job = {
        served: servedOnArrival(here),
        weight: weightOf(priority),
        clock: { inside: 0, waited: 0, loaded: 0 },
        reading: 0,
      }
      here.add(job)
      return {
        clock: job.clock,
        run: request =>
          ask(job, { run: request, key: keyOf(request), size: request.session.activationBytes(request.feeds) }),
        turn: work => ask(job, { work, size: 0 }),
        async read(work) {
          job.reading++
          try {
            return await work()
          } finally {
            job.reading--
          }
        },
        drop() {
          // A network that is being loaded is others' as well.
          const dropped = waiting.filter(({ job: whose, run }) => whose === job && run !== undefined)
          waiting = waiting.filter(request => !dropped.includes(request))
          for (const { reject } of dropped) reject(new CancelledError())
        },
        leave: () => here.delete(job),
      }
    },
  }
}

const turnOfEvents = () => new Promise(resolve => setImmediate(resolve))

/** Rows along the first axis, which all inputs of a run have in common. */
function rowsOf({ feeds }: RunRequest): number {
  return Object.values(feeds)[0]?.shape[0] ?? 1
}

function halves<T>(list: readonly T[]): T[][] {
  const middle = Math.ceil(list.length / 2)
  return [list.slice(0, middle), list.slice(middle)]
}
