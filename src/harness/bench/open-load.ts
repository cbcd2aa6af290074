/**
 * Jobs arrive as a Poisson stream, whether or not the ones before are done, as the Horde's do: an open loop. (A closed loop, which
 * waits for each answer, never sees a queue.)
 */
import type { Backend } from '../../backends/backend.js'
import type { Fixture } from '../fixture/fixture.js'
import { kudosPayload } from '../kudos/payload.js'
import { distributionOf } from './distribution.js'
import { seededRandom } from './random.js'
import type { LoadResult } from './speed-schema.js'
import { jobTtl } from './ttl.js'

export interface LoadOptions {
  /** Jobs a second. @default 0.5, 0.8 and 1.2 times `capacity` */
  rates?: readonly number[] | undefined
  /** Jobs at each rate. @default 20 */
  jobs?: number | undefined
  /** Seconds a job may take, instead of what the Horde gives it. */
  ttl?: number | undefined
}

interface Offer extends LoadOptions {
  seed: number
  /** Jobs a second that the backend can do one after the other. */
  capacity: number
  onProgress?: (what: string) => void
  signal?: AbortSignal | undefined
}

/** Offers the payloads in turn at each rate, after the jobs of the rate before are done. */
export async function offerLoad(backend: Backend, fixtures: readonly Fixture[], offer: Offer): Promise<LoadResult[]> {
  const { jobs = 20, seed, capacity, onProgress = () => {} } = offer
  const results: LoadResult[] = []
  for (const rate of offer.rates ?? [0.5, 0.8, 1.2].map(share => share * capacity)) {
    onProgress(`offering ${rate.toFixed(2)} jobs a second`)
    const arrivals = poissonArrivals({ rate, jobs, seed })
    results.push(await offerAt(backend, { fixtures, arrivals, rate, ...offer }))
  }
  return results
}

/** Seconds of arrival, ascending from the first at 0: gaps are exponentially distributed. */
export function poissonArrivals({ rate, jobs, seed }: { rate: number; jobs: number; seed: number }): number[] {
  const random = seededRandom(seed)
  const arrivals: number[] = []
  for (let at = 0; arrivals.length < jobs; at -= Math.log(1 - random()) / rate) arrivals.push(at)
  return arrivals
}

interface OfferAt extends Offer {
  fixtures: readonly Fixture[]
  arrivals: readonly number[]
  rate: number
}

async function offerAt(
  backend: Backend,
  { fixtures, arrivals, rate, seed, ttl, signal }: OfferAt,
): Promise<LoadResult> {
  const since = performance.now()
  const seconds = () => (performance.now() - since) / 1000
  let unfinished = 0
  let backlog = 0
  let busySeconds = 0
  let busySince = 0
  const answers = arrivals.map(async (arrival, i) => {
    const fixture = fixtures[i % fixtures.length]
    if (fixture === undefined) throw new RangeError('a load needs payloads')
    await delay(1000 * arrival - (performance.now() - since))
    signal?.throwIfAborted()
    if (unfinished++ === 0) busySince = seconds()
    if (i === arrivals.length - 1) backlog = unfinished
    const { state } = await backend.generate(fixture.payload, {
      id: `load-${rate}-${i}`,
      ...(signal === undefined ? {} : { signal }),
    })
    const latency = seconds() - arrival
    if (--unfinished === 0) busySeconds += seconds() - busySince
    const limit = ttl ?? jobTtl(kudosPayload(fixture.payload), 'stable_diffusion_1')
    return { ok: state === 'ok', latency, good: state === 'ok' && latency <= limit }
  })
  const outcomes = await Promise.all(answers)
  const elapsed = seconds()
  const done = outcomes.filter(({ ok }) => ok)
  const good = outcomes.filter(outcome => outcome.good).length
  return {
    offeredPerSecond: rate,
    seed,
    jobs: arrivals.length,
    completed: done.length,
    good,
    goodput: good / elapsed,
    ...(done.length === 0 ? {} : { latency: distributionOf(done.map(({ latency }) => 1000 * latency)) }),
    busy: Math.min(1, busySeconds / elapsed),
    saturated: isSaturated({ backlog, jobs: arrivals.length }),
  }
}

/** A queue that holds a quarter of all jobs when the last one comes is one that grew from the first. */
export function isSaturated({ backlog, jobs }: { backlog: number; jobs: number }): boolean {
  return backlog > Math.max(3, jobs / 4)
}

function delay(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, Math.max(0, ms)))
}
