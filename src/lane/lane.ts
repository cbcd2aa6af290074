/** A lane: the resident models of one device and the jobs that run on them. It knows nothing of processes. */
import { env, listSupportedBackends } from 'onnxruntime-node'
import { CancelledError, faultOf } from '../errors.js'
import { execute } from './execute.js'
import { type LaneModel, openLaneModel } from './model.js'
import type { FromLane, LaneOptions, LaneTask } from './protocol.js'
import type { RunClock } from './session.js'

export interface Lane {
  /** Runs a job; what becomes of it is emitted, never thrown. */
  run(task: LaneTask): Promise<void>
  /** Stops a job at its next step. */
  cancel(id: string): void
  close(): Promise<void>
}

/** Models that stay resident; the one used longest ago makes room. */
const RESIDENT_MODELS = 2

export function createLane(options: LaneOptions, emit: (message: FromLane) => void): Lane {
  const cancelled = new Set<string>()
  const resident = new Map<string, Promise<LaneModel>>()
  let tail: Promise<unknown> = Promise.resolve()

  async function openModel(task: LaneTask, clock: RunClock): Promise<LaneModel> {
    const key = JSON.stringify([task.file, task.vae, task.plan.tiling, task.plan.model.facts])
    const model = resident.get(key) ?? openLaneModel(task, { ...options, clock, emit })
    resident.delete(key)
    resident.set(key, model)
    // A checkpoint that could not be opened is tried again by the next job.
    model.catch(() => resident.delete(key))
    for (const [oldest, stale] of resident) {
      if (resident.size <= RESIDENT_MODELS) break
      resident.delete(oldest)
      await stale.then(old => old.release())
    }
    return model
  }

  const clock: RunClock = { inside: 0 }

  async function runOne(task: LaneTask): Promise<void> {
    const { id } = task
    try {
      if (cancelled.has(id)) throw new CancelledError()
      emit({ type: 'started', id })
      const result = await execute({
        task,
        openModel: () => openModel(task, clock),
        clock,
        cancelled: () => cancelled.has(id),
        onStep: progress => emit({ type: 'step', id, ...progress }),
      })
      emit({ type: 'done', id, result })
    } catch (error) {
      if (error instanceof CancelledError) emit({ type: 'cancelled', id })
      else emit({ type: 'fault', id, fault: faultOf(error) })
    } finally {
      cancelled.delete(id)
      emit({ type: 'idle' })
    }
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
      const turn = tail.then(() => runOne(task))
      tail = turn
      return turn
    },
    cancel(id) {
      cancelled.add(id)
    },
    async close() {
      await tail
      for (const model of resident.values()) await model.then(open => open.release()).catch(() => {})
    },
  }
}
