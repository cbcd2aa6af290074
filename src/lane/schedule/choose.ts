/** Who is served next, and who is served with them. Pure: the scheduler does what this decides. */

export interface Waiting {
  /** Order of arrival. */
  order: number
  job: Share
  /** Requests of equal keys can be answered by one run; those without one run alone. */
  key?: string | undefined
  /** Size of the run, in any unit that the limit has too. */
  size: number
}

/** What a job had so far, weighted: the job that had least is next. */
export interface Share {
  served: number
}

/**
 * The requests that the next run answers: that of the job that was served least, the older one where two had the same, and
 * those that can join it without making the run larger than `limit`, least served first.
 *
 * @param limit a single request may be larger
 */
export function choose<T extends Waiting>(waiting: readonly T[], limit: number): T[] {
  const [first, ...others] = waiting.toSorted((a, b) => a.job.served - b.job.served || a.order - b.order)
  if (first === undefined) return []
  const chosen = [first]
  if (first.key === undefined) return chosen
  let size = first.size
  for (const other of others) {
    if (other.key !== first.key || size + other.size > limit) continue
    chosen.push(other)
    size += other.size
  }
  return chosen
}

/**
 * What a job counts as having been served when it arrives: as much as the least served of those who are here. It is next, but
 * it does not catch up on the time before it came.
 */
export function servedOnArrival(here: Iterable<Share>): number {
  let least = Number.POSITIVE_INFINITY
  for (const { served } of here) least = Math.min(least, served)
  return Number.isFinite(least) ? least : 0
}

/** Weight of a priority: each point doubles what a job gets beside one of priority 0. */
export function weightOf(priority: number): number {
  return 2 ** Math.min(8, Math.max(-8, priority))
}
