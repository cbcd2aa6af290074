/** Which waiting job goes to which lane. Pure: the supervisor does what this decides. */

export interface WaitingJob {
  /** Order of arrival. */
  order: number
  /** Milliseconds on the clock of `now`. */
  arrived: number
  priority: number
  /** When it is worthless. */
  deadline: number
  /** File of its model. */
  file: string
  /** It was in too many lanes that died: it runs alone. */
  suspect: boolean
}

export interface LaneView {
  /** Jobs in it. */
  jobs: number
  /** It has a job that runs alone, or is about to be replaced. */
  closed: boolean
  /** Files of the models that it used last. */
  files: ReadonlySet<string>
}

export interface Assignment<J, L> {
  job: J
  lane: L
}

/** Milliseconds of waiting that count as much as a point of priority: nobody waits for ever. */
const AGING_MS = 30_000

/** @param inFlight jobs that a lane has at most */
export function nextAssignment<J extends WaitingJob, L extends LaneView>(
  waiting: readonly J[],
  lanes: readonly L[],
  { inFlight, now }: { inFlight: number; now: number },
): Assignment<J, L> | undefined {
  const open = lanes.filter(({ closed }) => !closed).toSorted((a, b) => a.jobs - b.jobs)
  const [suspect] = waiting.filter(job => job.suspect).toSorted((a, b) => a.order - b.order)
  if (suspect !== undefined) {
    const [emptiest] = open
    if (emptiest?.jobs === 0) return { job: suspect, lane: emptiest }
    // It becomes empty: nothing more goes there.
    open.shift()
  }
  const urgency = ({ priority, arrived }: J) => priority + Math.floor((now - arrived) / AGING_MS)
  const [job] = waiting
    .filter(({ suspect }) => !suspect)
    .toSorted((a, b) => urgency(b) - urgency(a) || a.deadline - b.deadline || a.order - b.order)
  const free = open.filter(({ jobs }) => jobs < inFlight)
  if (job === undefined || free.length === 0) return undefined
  // An empty lane is better than a busy one that has the model, and among equals the one that has it.
  const idle = free.filter(({ jobs }) => jobs === 0)
  const candidates = idle.length > 0 ? idle : free
  const lane = candidates.find(({ files }) => files.has(job.file)) ?? candidates[0]
  return lane && { job, lane }
}
