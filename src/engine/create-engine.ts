/** The facade: payloads in, generations out. It resolves models, plans, and leaves the computing to its lane. */
import { randomUUID } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { CancelledError, faultOf, UsageError } from '../errors.js'
import { encodeImage } from '../imaging/encode.js'
import { sha256 } from '../lane/stages.js'
import { loadCatalogue } from '../models/catalogue.js'
import { makePlan } from '../plan/make-plan.js'
import { generationHandle } from './generation-handle.js'
import { imageParameters } from './image-parameters.js'
import { createLaneProcess, type LaneOutcome } from './lane-process.js'
import { requestToJob } from './request-to-job.js'
import { type ModelFile, modelResolver } from './resolve-model.js'
import type { Engine, EngineEvent, GenerateOptions, GenerateRequest, Generation, Timings } from './types.js'

export interface EngineOptions {
  /** Catalogue file: name → checkpoint. @default the embedded one, which has the pocket model */
  catalogue?: string
  /** Checkpoints beside the catalogue's, by the name that payloads use. */
  models?: Readonly<Record<string, ModelFile>>
  /** Threads of ONNX Runtime. @default one a core */
  threads?: number
  /** How often a job may be in a lane that dies before it is a fault. @default 2 */
  retries?: number
  /** Milliseconds any stretch of work may take before a lane can count as hanging. @default 60000 */
  hangMs?: number
}

const NO_TIMINGS: Timings = { load: 0, encode: 0, steps: [], decode: 0, output: 0, total: 0 }

/**
 * Starts an engine. Its lane starts with the first job; `close()` ends it.
 *
 * @throws FixtureError where the catalogue breaks its schema, UsageError where an option is out of range
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const { threads = availableParallelism(), retries = 2, hangMs = 60_000 } = options
  if (!Number.isInteger(threads) || threads < 1)
    throw new UsageError(`threads must be a whole number from 1, got ${threads}`)
  const catalogue = await loadCatalogue(options.catalogue)
  const resolve = modelResolver(catalogue, options.models ?? {})
  const lane = createLaneProcess({ device: 'cpu', threads, retries, hangMs })
  const running = new Set<PromiseLike<Generation>>()
  let lastInLane: Promise<unknown> = Promise.resolve()
  let closed = false

  /** One job at a time is in the lane; what comes before and after overlaps with the others. */
  function inTurn(run: () => Promise<LaneOutcome>): Promise<LaneOutcome> {
    const mine = lastInLane.then(run)
    lastInLane = mine
    return mine
  }

  async function draw(
    id: string,
    request: GenerateRequest,
    options: GenerateOptions,
    emit: (event: EngineEvent) => void,
    wanted: () => boolean,
  ): Promise<Generation> {
    const since = performance.now()
    const generation: Generation = {
      id,
      state: 'fault',
      images: [],
      faults: [],
      notes: [],
      fingerprints: {},
      timings: NO_TIMINGS,
      retries: 0,
    }
    try {
      const job = await requestToJob(request, { resolve, catalogue, options })
      Object.assign(generation, { job, notes: job.notes })
      const model = await resolve(job.model)
      const { name, baseline, facts, file } = model
      const plan =
        (!(typeof request === 'string') && 'job' in request && request.plan) || makePlan(job, { name, baseline, facts })
      Object.assign(generation, { plan })
      emit({ type: 'planned', plan, notes: job.notes })

      const outcome = await inTurn(async () => {
        if (!wanted()) return { state: 'cancelled', retries: 0 }
        return lane.run({ id, plan, file, keep: options.keep ?? {} }, emit)
      })
      Object.assign(generation, { retries: outcome.retries })
      if (outcome.state === 'cancelled') throw new CancelledError()
      if (outcome.state === 'fault') return { ...generation, faults: [outcome.fault] }

      const { images, fingerprints, stages, timings } = outcome.result
      const format = options.format ?? 'png'
      const parameters = imageParameters(job, plan, model)
      const before = performance.now()
      const encoded = await Promise.all(
        images.map(async image => ({
          ...image,
          format,
          sha256: sha256(image.pixels),
          file: await encodeImage({ ...image, format, parameters }),
        })),
      )
      const now = performance.now()
      return {
        ...generation,
        state: 'ok',
        images: encoded,
        fingerprints,
        ...(stages === undefined ? {} : { stages }),
        timings: { ...timings, output: now - before, total: now - since },
      }
    } catch (error) {
      if (error instanceof CancelledError) return { ...generation, state: 'cancelled' }
      return { ...generation, faults: [faultOf(error)] }
    }
  }

  return {
    generate(request, options = {}) {
      if (closed) throw new UsageError('the engine is closed', { hint: 'createEngine() makes another one' })
      const id = options.id ?? randomUUID()
      let wanted = true
      const cancel = (mode: 'soft' | 'hard') => {
        wanted = false
        lane.cancel(id, mode)
      }
      const onAbort = () => cancel('soft')
      if (options.signal?.aborted) wanted = false
      options.signal?.addEventListener('abort', onAbort, { once: true })
      const handle = generationHandle(
        id,
        emit =>
          draw(id, request, options, emit, () => wanted).finally(() =>
            options.signal?.removeEventListener('abort', onAbort),
          ),
        cancel,
      )
      running.add(handle)
      void handle.then(() => running.delete(handle))
      return handle
    },
    environment: () => lane.environment(),
    async close() {
      closed = true
      await Promise.all(running)
      await lane.close()
    },
  }
}
