/**
 * A lane as its engine sees it: a child process that may die or hang at any time. Jobs that were in it when it did run
 * again in a new one, which nobody notices: jobs are deterministic.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Fault, faultOf, LaneError } from '../errors.js'
import type { FromLane, LaneOptions, LaneResult, LaneTask, ToLane } from '../lane/protocol.js'
import type { EngineEnvironment, EngineEvent } from './types.js'
import { createWatchdog } from './watchdog.js'

export interface LaneProcessOptions extends LaneOptions {
  /** How often a job may be in a lane that dies before it is a fault. */
  retries: number
  /** Milliseconds that any stretch of work may take, however small. */
  hangMs: number
}

export type LaneOutcome =
  | { state: 'done'; result: LaneResult; retries: number }
  | { state: 'fault'; fault: Fault; retries: number }
  | { state: 'cancelled'; retries: number }

export interface LaneProcess {
  run(task: LaneTask, onEvent: (event: EngineEvent) => void): Promise<LaneOutcome>
  cancel(id: string, mode: 'soft' | 'hard'): void
  environment(): Promise<EngineEnvironment>
  /** Process id while one runs. */
  pid(): number | undefined
  /** Lets running jobs finish, then ends the process. */
  close(): Promise<void>
}

interface Running {
  task: LaneTask
  deaths: number
  cancelled: boolean
  onEvent(event: EngineEvent): void
  settle(outcome: LaneOutcome): void
}

const ENTRY = fileURLToPath(new URL('../lane/main.js', import.meta.url))

export function createLaneProcess(options: LaneProcessOptions): LaneProcess {
  const jobs = new Map<string, Running>()
  const whenReady: { resolve(environment: EngineEnvironment): void; reject(error: Error): void }[] = []
  let environment: EngineEnvironment | undefined
  let child: ChildProcess | undefined
  let failedStarts = 0
  /** Set when this side kills the lane: why, and whether the jobs in it are suspected. */
  let killing: { reason: string; blame: boolean } | undefined

  const watchdog = createWatchdog(options.hangMs, (what, after) => {
    kill({ reason: `it was stuck in "${what}" for ${Math.round(after / 1000)} s`, blame: true })
  })

  function send(message: ToLane): void {
    // A lane that dies while it is being written to is noticed by its exit.
    if (child?.connected) child.send(message, () => {})
  }

  function kill(why: { reason: string; blame: boolean }): void {
    killing = why
    child?.kill('SIGKILL')
  }

  /** A lane without jobs does not keep its owner's process alive. */
  function hold(): void {
    if (jobs.size > 0 || whenReady.length > 0) {
      child?.ref()
      child?.channel?.ref()
    } else {
      child?.unref()
      child?.channel?.unref()
    }
  }

  function start(): void {
    const { device, dtype, threads } = options
    const started = fork(ENTRY, [JSON.stringify({ device, dtype, threads } satisfies LaneOptions)], {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    child = started
    started.on('message', (message: FromLane) => hear(message))
    started.on('error', error => bury(started, `it could not be started: ${error.message}`))
    started.on('exit', (code, signal) =>
      bury(started, signal ? `it was ended by ${signal}` : `it ended with code ${code}`),
    )
    for (const { task } of jobs.values()) send({ type: 'run', task })
    hold()
  }

  function hear(message: FromLane): void {
    if (message.type === 'busy') {
      watchdog.busy(message)
      return
    }
    watchdog.heard()
    if (message.type === 'idle') return
    if (message.type === 'ready') {
      environment = message.environment
      for (const waiting of whenReady.splice(0)) waiting.resolve(environment)
      hold()
      return
    }
    const job = jobs.get(message.id)
    if (job) tell(job, message)
  }

  function tell(job: Running, message: Extract<FromLane, { id: string }>): void {
    const retries = job.deaths
    switch (message.type) {
      case 'started':
        job.onEvent({ type: 'started' })
        break
      case 'step': {
        const { step, steps, pass, passes } = message
        job.onEvent({ type: 'step', step, steps, pass, passes })
        break
      }
      case 'done':
        job.settle({ state: 'done', result: message.result, retries })
        break
      case 'fault':
        job.settle({ state: 'fault', fault: message.fault, retries })
        break
      case 'cancelled':
        job.settle({ state: 'cancelled', retries })
        break
    }
  }

  function bury(dead: ChildProcess, how: string): void {
    if (dead !== child) return
    const { reason, blame } = killing ?? { reason: how, blame: true }
    child = undefined
    killing = undefined
    watchdog.stop()
    for (const job of jobs.values()) {
      if (blame) job.deaths++
      const retries = job.deaths
      if (job.cancelled) job.settle({ state: 'cancelled', retries })
      else if (retries > options.retries)
        job.settle({ state: 'fault', fault: faultOf(death(reason, retries)), retries })
      else job.onEvent({ type: 'restarted', reason })
    }
    if (environment === undefined && ++failedStarts > options.retries) {
      for (const waiting of whenReady.splice(0)) waiting.reject(death(reason, failedStarts))
    }
    if (jobs.size > 0 || whenReady.length > 0) start()
  }

  return {
    run(task, onEvent) {
      return new Promise(resolve => {
        jobs.set(task.id, {
          task,
          onEvent,
          deaths: 0,
          cancelled: false,
          settle(outcome) {
            jobs.delete(task.id)
            hold()
            resolve(outcome)
          },
        })
        if (child === undefined) start()
        else {
          send({ type: 'run', task })
          hold()
        }
      })
    },
    cancel(id, mode) {
      const job = jobs.get(id)
      if (!job) return
      job.cancelled = true
      if (mode === 'soft') send({ type: 'cancel', id })
      else kill({ reason: 'a job in it was cancelled the hard way', blame: false })
    },
    environment() {
      if (environment) return Promise.resolve(environment)
      return new Promise((resolve, reject) => {
        whenReady.push({ resolve, reject })
        if (child === undefined) start()
        else hold()
      })
    },
    pid: () => child?.pid,
    async close() {
      const closing = child
      if (closing === undefined) return
      closing.ref()
      const exited = new Promise(resolve => closing.once('exit', resolve))
      send({ type: 'close' })
      await exited
    },
  }
}

function death(reason: string, times: number): LaneError {
  return new LaneError(`the lane died ${times} times; the last time ${reason}`, {
    hint: 'a job that needs more memory than there is ends like this: try a smaller size, or close other programs',
  })
}
