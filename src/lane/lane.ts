/** A lane: the networks of one device and the jobs that take turns on them. It knows nothing of processes. */

import { CancelledError, faultOf } from '../errors.js'
import { type Checkpoint, openCheckpoint } from '../models/checkpoint.js'
import { openControlnet } from '../models/controlnet.js'
import { fileIdentity } from '../models/identity.js'
import { openVae } from '../models/vae-file.js'
import { execute } from './execute.js'
import { type Budget, laneBudget } from './memory/budget.js'
import { createNetworkPool } from './memory/pool.js'
import { type JobNetworks, openLaneModel } from './model.js'
import { env, listSupportedBackends } from './onnxruntime.js'
import type { FromLane, LaneOptions, LaneTask } from './protocol.js'
import { createScheduler, type ScheduledJob } from './schedule/scheduler.js'
import type { RunClock, Session } from './session.js'

export interface Lane {
  /** Runs a job beside those that run already; what becomes of it is emitted, never thrown. */
  run(task: LaneTask): Promise<void>
  /** Stops a job at its next step. */
  cancel(id: string): void
  /** Releases the networks that no job uses. */
  release(): Promise<void>
  /** Waits for the jobs, then releases the networks. */
  close(): Promise<void>
}

/** Activations up to which jobs share a run. Beyond it a CPU is no faster than with the runs of each job. */
const BATCH_BYTES = { cpu: 64 * 2 ** 20, webgpu: 2 ** 30, cuda: 4 * 2 ** 30 }

/**
 * @param budget what it may use of the memory @default what the options leave of the machine's
 * @param sent ends when the results that were emitted have left @default at once
 */
export function createLane(
  options: LaneOptions,
  emit: (message: FromLane) => void,
  budget: Budget = laneBudget(options),
  sent?: () => Promise<void>,
): Lane {
  const networks = createNetworkPool(budget)
  const clock: RunClock = { inside: 0 }
  const scheduler = createScheduler({
    deterministic: options.deterministic,
    batchBytes: BATCH_BYTES[options.device.provider],
    clock,
    afford: networks.afford,
    makeRoom: networks.makeRoom,
    ...(sent === undefined ? {} : { sent }),
  })
  const jobs = new Map<string, { wanted: boolean; scheduled: ScheduledJob; done: Promise<void> }>()
  const files = {
    checkpoint: remembering(openCheckpoint),
    vae: remembering(openVae),
    control: remembering(openControlnet),
  }
  const emptyRss = process.memoryUsage.rss()

  async function openModel(task: LaneTask, networks: JobNetworks) {
    const { checkpoint, identity: ofModel } = await files.checkpoint(task.file)
    const vae = task.vae === undefined ? { checkpoint, identity: '' } : await files.vae(task.vae)
    const identity = `${ofModel}, ${vae.identity}`
    const opened = { checkpoint, vae: vae.checkpoint, identity }
    const model = openLaneModel(task, { ...options, ...opened, networks, clock, emit })
    if (task.control === undefined) return { model }
    const control = await files.control(task.control.file)
    return { model, control: { ...control.checkpoint, identity: control.identity } }
  }

  /** The pool and the scheduler as one job sees them. */
  function networksOf(job: ScheduledJob): JobNetworks {
    return {
      async use(spec, load) {
        const [since, waited] = [performance.now(), job.clock.waited]
        const session = await networks.use(job, spec, load)
        job.clock.loaded += Math.max(0, performance.now() - since - (job.clock.waited - waited))
        return scheduled(session, job)
      },
      turn: job.turn,
    }
  }

  async function runOne(task: LaneTask, job: ScheduledJob, cancelled: () => boolean): Promise<void> {
    const { id } = task
    try {
      if (cancelled()) throw new CancelledError()
      emit({ type: 'started', id })
      const result = await execute({
        task,
        openModel: () => job.read(() => openModel(task, networksOf(job))),
        read: job.read,
        doneWithNetworks: () => networks.done(job),
        clock: job.clock,
        cancelled,
        onStep: progress => emit({ type: 'step', id, ...progress }),
      })
      emitStats()
      emit({ type: 'done', id, result })
    } catch (error) {
      emitStats()
      if (error instanceof CancelledError) emit({ type: 'cancelled', id })
      else emit({ type: 'fault', id, fault: faultOf(error) })
    } finally {
      networks.done(job)
      job.leave()
      jobs.delete(id)
    }
  }

  function emitStats(): void {
    const stats = {
      rss: process.memoryUsage.rss(),
      emptyRss,
      available: budget.available(),
      leaveFree: budget.leaveFree,
      networks: networks.records(),
      scheduler: scheduler.stats,
    }
    emit({ type: 'stats', stats })
  }

  emit({
    type: 'ready',
    environment: {
      provider: options.device.provider,
      device: options.device.name,
      dtype: options.dtype,
      ort: env.versions.node ?? env.versions.common,
      providers: listSupportedBackends().flatMap(({ name, bundled }) => (bundled ? [name] : [])),
      threads: options.threads,
    },
  })

  return {
    run(task) {
      const scheduled = scheduler.join(task)
      const job = { wanted: true, scheduled, done: Promise.resolve() }
      jobs.set(task.id, job)
      job.done = runOne(task, scheduled, () => !job.wanted)
      return job.done
    },
    cancel(id) {
      const job = jobs.get(id)
      if (job === undefined) return
      job.wanted = false
      job.scheduled.drop()
    },
    async release() {
      await networks.makeRoom()
    },
    async close() {
      await Promise.all([...jobs.values()].map(({ done }) => done))
      await networks.release()
    },
  }
}

/** Headers of each kind that are remembered. */
const FILES = 8

/** Opens files, and remembers what was found as long as they are the same: a header has thousands of names. */
function remembering(open: (file: string) => Promise<Checkpoint>) {
  const known = new Map<string, Checkpoint>()
  return async (file: string) => {
    const identity = await fileIdentity(file)
    const checkpoint = known.get(identity) ?? (await open(file))
    known.delete(identity)
    known.set(identity, checkpoint)
    const [oldest] = known.keys()
    if (known.size > FILES && oldest !== undefined) known.delete(oldest)
    return { checkpoint, identity }
  }
}

/** A session whose runs wait for their job's turn. */
function scheduled(session: Session, job: ScheduledJob): Session {
  return { ...session, run: (feeds, outputs, shared) => job.run({ session, feeds, outputs, shared }) }
}
