/**
 * The lanes of an engine and the jobs that wait for them. A lane may die or hang at any time. Jobs that were in it when it did
 * run again, which nobody notices: jobs are deterministic. A job that was in too many lanes that died runs alone, and only when
 * its lane dies then is it to blame.
 */
import { ExpiredError, faultOf, LaneError } from '../../errors.js'
import type { EngineEnvironment, LaneStats, LaneTask } from '../../lane/protocol.js'
import type { SchedulerStats } from '../../lane/schedule/scheduler.js'
import type { EngineEvent } from '../types.js'
import { nextAssignment, type WaitingJob } from './assign.js'
import { added, creepOf, type LaneEvent, NOTHING } from './counters.js'
import { type LaneDeath, type LaneMessage, type LaneProcess, startLane } from './lane-process.js'
import type { LaneOutcome, Lanes, LanesOptions } from './lanes-types.js'

interface Job extends WaitingJob {
  task: LaneTask
  deaths: number
  slot: Slot | undefined
  cancelled: boolean
  settled: boolean
  onEvent(event: EngineEvent): void
  settle(outcome: LaneOutcome): void
}

/** A place for a lane: processes come and go. */
interface Slot {
  number: number
  process: LaneProcess | undefined
  jobs: Set<Job>
  files: Set<string>
  starts: number
  stats: LaneStats | undefined
  /** What the schedulers of processes did that have ended. */
  past: SchedulerStats
  /** Takes no more jobs, and is replaced when it has none. */
  creeping: boolean
}

const HISTORY = 2000

/** Models that a lane is remembered to have used. */
const REMEMBERED_FILES = 2

export function createLanes(options: LanesOptions): Lanes {
  const { inFlight, retries } = options
  const slots: Slot[] = Array.from({ length: options.count }, (_, number) => ({
    number,
    process: undefined,
    jobs: new Set(),
    files: new Set(),
    starts: 0,
    stats: undefined,
    past: NOTHING,
    creeping: false,
  }))
  const jobs = new Map<string, Job>()
  const whenReady: { resolve(environment: EngineEnvironment): void; reject(error: Error): void }[] = []
  const deaths: Record<string, number> = {}
  const ended: Record<string, number> = {}
  const history: LaneEvent[] = []
  let environment: EngineEnvironment | undefined
  let failedStarts = 0
  let arrivals = 0
  let recycled = 0
  let closing = false

  const isSuspect = ({ deaths }: Job) => deaths >= Math.max(1, retries)
  function remember(event: Omit<LaneEvent, 'at'>): void {
    history.push({ ...event, at: performance.now() })
    if (history.length > HISTORY) history.shift()
  }
  const hold = (slot: Slot) => slot.process?.hold(slot.jobs.size > 0 || whenReady.length > 0)

  function start(slot: Slot): LaneProcess {
    slot.starts++
    slot.past = added(slot.past, slot.stats?.scheduler)
    slot.stats = slot.stats && { ...slot.stats, scheduler: NOTHING }
    const process = startLane({
      lane: options.lane,
      ...(options.entry === undefined ? {} : { entry: options.entry }),
      hangMs: options.hangMs,
      onMessage: message => {
        if (slot.process === process) hear(slot, message)
      },
      onDeath: death => {
        if (slot.process === process) bury(slot, death)
      },
    })
    slot.process = process
    remember({ lane: slot.number, event: 'start' })
    hold(slot)
    return process
  }

  /** Sends waiting jobs to lanes as long as there is room. */
  function assign(): void {
    for (;;) {
      const waiting = [...jobs.values()].filter(job => job.slot === undefined)
      const lanes = slots.map(slot => ({
        slot,
        jobs: slot.jobs.size,
        closed: slot.creeping || [...slot.jobs].some(isSuspect),
        files: slot.files,
      }))
      const next = nextAssignment(waiting, lanes, { inFlight, now: performance.now() })
      if (next === undefined) return
      const { job, lane } = next
      job.slot = lane.slot
      lane.slot.jobs.add(job)
      rememberFile(lane.slot, job.file)
      const process = lane.slot.process ?? start(lane.slot)
      process.send({ type: 'run', task: job.task })
      hold(lane.slot)
    }
  }

  function hear(slot: Slot, message: LaneMessage): void {
    switch (message.type) {
      case 'ready':
        environment = message.environment
        for (const waiting of whenReady.splice(0)) waiting.resolve(environment)
        hold(slot)
        return
      case 'stats':
        slot.stats = message.stats
        if (creepOf(message.stats) > options.recycleBytes) slot.creeping = true
        return
    }
    const job = jobs.get(message.id)
    if (job?.slot !== slot) return
    switch (message.type) {
      case 'started':
        job.onEvent({ type: 'started', lane: slot.number })
        break
      case 'step': {
        const { step, steps, pass, passes } = message
        job.onEvent({ type: 'step', step, steps, pass, passes })
        break
      }
      case 'done':
        end(job, { state: 'done', result: message.result, retries: job.deaths, lane: slot.number })
        break
      case 'fault':
        end(job, { state: 'fault', fault: message.fault, retries: job.deaths, lane: slot.number })
        break
      case 'cancelled':
        end(job, { state: 'cancelled', retries: job.deaths, lane: slot.number })
        break
    }
  }

  /** The job is over, for its owner and for its lane. */
  function end(job: Job, outcome: LaneOutcome): void {
    settle(job, outcome)
    jobs.delete(job.task.id)
    const { slot } = job
    if (slot === undefined) return
    slot.jobs.delete(job)
    hold(slot)
    leave(slot)
    assign()
  }

  function settle(job: Job, outcome: LaneOutcome): void {
    if (job.settled) return
    job.settled = true
    const what = outcome.state === 'fault' ? outcome.fault.code : outcome.state
    ended[what] = (ended[what] ?? 0) + 1
    job.settle(outcome)
  }

  /** A lane whose memory creeps is replaced when its last job has left. */
  function leave(slot: Slot): void {
    if (!slot.creeping || slot.jobs.size > 0) return
    const { process } = slot
    slot.process = undefined
    slot.creeping = false
    recycled++
    remember({ lane: slot.number, event: 'recycled' })
    void process?.close()
    assign()
  }

  function bury(slot: Slot, { reason, blame }: LaneDeath): void {
    slot.process = undefined
    slot.creeping = false
    slot.files.clear()
    deaths[reason] = (deaths[reason] ?? 0) + 1
    remember({ lane: slot.number, event: 'death', reason })
    const alone = slot.jobs.size === 1
    for (const job of slot.jobs) {
      if (blame) job.deaths++
      job.slot = undefined
      job.suspect = isSuspect(job)
      if (job.cancelled || job.settled) end(job, { state: 'cancelled', retries: job.deaths })
      else if (blame && alone && job.deaths > retries)
        end(job, { state: 'fault', fault: faultOf(death(reason, job.deaths)), retries: job.deaths })
      else job.onEvent({ type: 'restarted', reason })
    }
    slot.jobs.clear()
    if (environment === undefined && ++failedStarts > retries) {
      for (const waiting of whenReady.splice(0)) waiting.reject(death(reason, failedStarts))
    }
    if (closing) return
    assign()
    if (whenReady.length > 0 && slots.every(({ process }) => process === undefined)) start(slot)
  }

  function expire(job: Job): void {
    const error = new ExpiredError('the job was not done when its time was over', {
      hint: 'Give it more time, a higher priority, or the engine fewer jobs at once.',
    })
    const outcome: LaneOutcome = { state: 'fault', fault: faultOf(error), retries: job.deaths }
    if (job.slot === undefined) {
      end(job, outcome)
      return
    }
    // Its lane is told, and has a place again when it has heard.
    settle(job, outcome)
    job.slot.process?.send({ type: 'cancel', id: job.task.id })
  }

  return {
    run({ task, deadline = Number.POSITIVE_INFINITY, onEvent }) {
      return new Promise(resolve => {
        let timer: NodeJS.Timeout | undefined
        const job: Job = {
          task,
          order: arrivals++,
          arrived: performance.now(),
          priority: task.priority,
          deadline,
          file: task.file,
          suspect: false,
          deaths: 0,
          slot: undefined,
          cancelled: false,
          settled: false,
          onEvent,
          settle(outcome) {
            clearTimeout(timer)
            resolve(outcome)
          },
        }
        jobs.set(task.id, job)
        if (Number.isFinite(deadline)) {
          timer = setTimeout(() => expire(job), Math.max(0, deadline - performance.now()))
          timer.unref()
        }
        assign()
      })
    },
    cancel(id, mode) {
      const job = jobs.get(id)
      if (!job) return
      job.cancelled = true
      if (job.slot === undefined) end(job, { state: 'cancelled', retries: job.deaths })
      else if (mode === 'soft') job.slot.process?.send({ type: 'cancel', id })
      else job.slot.process?.kill({ reason: 'a job in it was cancelled the hard way', blame: false })
    },
    environment() {
      if (environment) return Promise.resolve(environment)
      return new Promise((resolve, reject) => {
        whenReady.push({ resolve, reject })
        const running = slots.find(({ process }) => process !== undefined)
        const [first] = slots
        if (running) hold(running)
        else if (first) start(first)
      })
    },
    warm() {
      const [first] = slots
      if (first !== undefined && slots.every(({ process }) => process === undefined)) start(first)
    },
    stats: () => ({
      lanes: slots.flatMap(({ number, process, jobs, starts, stats, past }) => {
        if (starts === 0) return []
        const scheduler = added(past, stats?.scheduler)
        return [{ number, pid: process?.pid, jobs: jobs.size, starts, ...stats, scheduler }]
      }),
      deaths: { ...deaths },
      recycled,
      ended: { ...ended },
      history: [...history],
    }),
    release() {
      for (const { process } of slots) process?.send({ type: 'release' })
    },
    async close() {
      closing = true
      await Promise.all(slots.map(({ process }) => process?.close()))
    },
  }
}

function rememberFile(slot: Slot, file: string): void {
  slot.files.delete(file)
  slot.files.add(file)
  const [oldest] = slot.files
  if (slot.files.size > REMEMBERED_FILES && oldest !== undefined) slot.files.delete(oldest)
}

function death(reason: string, times: number): LaneError {
  return new LaneError(`the lane died ${times} times; the last time ${reason}`, {
    hint: 'a job that needs more memory than there is ends like this: try a smaller size, or close other programs',
  })
}
