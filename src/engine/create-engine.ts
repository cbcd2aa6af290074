/** The facade: payloads in, generations out. It resolves models, plans, and leaves the computing to its lane. */
import { randomUUID } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { UsageError } from '../errors.js'
import { loadCatalogue } from '../models/catalogue.js'
import { adapterLibrary } from './adapter-library.js'
import { chooseDevice, type DeviceChoice } from './devices/choose.js'
import { draw, planOnly } from './draw.js'
import { generationHandle } from './generation-handle.js'
import { createLaneProcess, type LaneOutcome } from './lane-process.js'
import { adapterResolver } from './resolve-adapters.js'
import { type ModelFile, modelResolver } from './resolve-model.js'
import type { Engine, Generation, Precision } from './types.js'

export interface EngineOptions {
  /** Catalogue file: name → checkpoint. @default the embedded one, which has the pocket model */
  catalogue?: string
  /** Folders in which the catalogue's files are looked up. */
  modelFolders?: readonly string[]
  /** Checkpoints beside the catalogue's, by the name that payloads use. */
  models?: Readonly<Record<string, ModelFile>>
  /** A VAE that replaces those of all models. @default each checkpoint's own, or the one its catalogue entry names */
  vae?: string
  /** Folders of adapters: LoRAs and textual inversions, by the name of their file. @default none */
  adapterFolders?: readonly string[]
  /** Where networks are computed. @default 'auto': the first CUDA device that works, otherwise the CPU */
  device?: DeviceChoice
  /** What UNet and ControlNet are computed in. @default 'fp16' on CUDA, 'fp32' elsewhere */
  dtype?: Precision
  /** Threads of ONNX Runtime. @default one a core */
  threads?: number
  /** How often a job may be in a lane that dies before it is a fault. @default 2 */
  retries?: number
  /** Milliseconds any stretch of work may take before a lane can count as hanging. @default 60000 */
  hangMs?: number
}

/**
 * Starts an engine. Its lane starts with the first job; `close()` ends it.
 *
 * @throws FixtureError where the catalogue breaks its schema, UsageError where an option is out of range, DeviceError where
 * the device is not here
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const { threads = availableParallelism(), retries = 2, hangMs = 60_000, modelFolders = [] } = options
  if (!Number.isInteger(threads) || threads < 1) {
    throw new UsageError(`threads must be a whole number from 1, got ${threads}`)
  }
  const { device, dtype } = await chooseDevice(options)
  const catalogue = await loadCatalogue(options.catalogue, { folders: modelFolders })
  const resolve = modelResolver(catalogue, options.models ?? {}, options.vae)
  const library = adapterLibrary(options.adapterFolders ?? [])
  const resolveAdapters = adapterResolver(library)
  const lane = createLaneProcess({ device, dtype, threads, retries, hangMs })
  const running = new Set<PromiseLike<Generation>>()
  let lastInLane: Promise<unknown> = Promise.resolve()
  let closed = false

  /** One job at a time is in the lane; what comes before and after overlaps with the others. */
  function inTurn(run: () => Promise<LaneOutcome>): Promise<LaneOutcome> {
    const mine = lastInLane.then(run)
    lastInLane = mine
    return mine
  }

  return {
    generate(request, options = {}) {
      if (closed) throw new UsageError('the engine is closed', { hint: 'createEngine() makes another one' })
      const id = options.id ?? randomUUID()
      let wanted = options.signal?.aborted !== true
      const cancel = (mode: 'soft' | 'hard') => {
        wanted = false
        lane.cancel(id, mode)
      }
      const onAbort = () => cancel('soft')
      options.signal?.addEventListener('abort', onAbort, { once: true })
      const handle = generationHandle(id, cancel, emit =>
        draw({
          id,
          request,
          options,
          resolve,
          library,
          resolveAdapters,
          emit,
          runInLane: task => inTurn(async () => (wanted ? lane.run(task, emit) : { state: 'cancelled', retries: 0 })),
        }).finally(() => options.signal?.removeEventListener('abort', onAbort)),
      )
      running.add(handle)
      void handle.then(() => running.delete(handle))
      return handle
    },
    plan: (request, options = {}) => planOnly({ request, options, resolve, library, resolveAdapters }),
    environment: () => lane.environment(),
    async close() {
      closed = true
      await Promise.all(running)
      await lane.close()
    },
  }
}
