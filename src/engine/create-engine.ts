/** The facade: payloads in, generations out. It resolves models, plans, and leaves the computing to its lane. */
import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { availableParallelism, totalmem } from 'node:os'
import { UsageError } from '../errors.js'
import { parseLeaveFree } from '../lane/memory/budget.js'
import { EMBEDDED_ADAPTERS, loadCatalogue } from '../models/catalogue.js'
import { adapterLibrary } from './adapter-library.js'
import { chooseDevice, type DeviceChoice } from './devices/choose.js'
import { draw, planOnly } from './draw.js'
import { generationHandle } from './generation-handle.js'
import { createLanes } from './lanes/lanes.js'
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
  /**
   * Folders of adapters: LoRAs, textual inversions and ControlNets, by the name of their file.
   * @default with the embedded catalogue the pocket model's own, otherwise none
   */
  adapterFolders?: readonly string[]
  /** Where networks are computed. @default 'auto': the first CUDA device that works, otherwise the CPU */
  device?: DeviceChoice
  /** What UNet and ControlNet are computed in. @default 'fp16' on CUDA, 'fp32' elsewhere */
  dtype?: Precision
  /** Threads of ONNX Runtime, divided among the lanes. @default one a core */
  threads?: number
  /** Processes that compute. @default 1 */
  lanes?: number
  /** Jobs that a lane computes at once; the others wait. @default 8 */
  inFlight?: number
  /**
   * Every job computes as if it were alone, and gives the same bits. Otherwise jobs of one model and size share runs, which is
   * faster and may change the last bits where the device's kernels depend on the size of a batch. @default false
   */
  deterministic?: boolean
  /** Memory that is left to other programs: a share of all of it or an amount, e.g. `'20%'`, `'2048 MB'`. @default '10%' */
  ramToLeaveFree?: string | number
  /** The same of the device's own memory. @default nothing */
  vramToLeaveFree?: string | number
  /** Bytes beyond what its networks account for at which a lane is replaced. @default a quarter of the memory */
  recycleBytes?: number
  /** How often a job may be in a lane that dies before it runs alone; it is a fault when its lane dies then. @default 2 */
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
  return createEngineOn(options, {})
}

/**
 * @internal
 * @param laneEntry file that lanes run instead of theirs: tests plant defects with it
 */
export async function createEngineOn(options: EngineOptions, { laneEntry }: { laneEntry?: string }): Promise<Engine> {
  const { retries = 2, hangMs = 60_000, modelFolders = [] } = options
  const threads = whole('threads', options.threads ?? availableParallelism())
  const lanes = whole('lanes', options.lanes ?? 1)
  const inFlight = whole('inFlight', options.inFlight ?? 8)
  const { device, dtype } = await chooseDevice(options)
  const catalogue = await loadCatalogue(options.catalogue, { folders: modelFolders })
  const resolve = modelResolver(catalogue, options.models ?? {}, options.vae)
  const library = adapterLibrary(options.adapterFolders ?? (options.catalogue === undefined ? [EMBEDDED_ADAPTERS] : []))
  const resolveAdapters = adapterResolver(library)
  const pool = createLanes({
    lane: {
      device,
      dtype,
      threads: Math.max(1, Math.floor(threads / lanes)),
      deterministic: options.deterministic === true,
      ramToLeaveFree: parseLeaveFree('ramToLeaveFree', options.ramToLeaveFree ?? '10%'),
      ...(options.vramToLeaveFree === undefined
        ? {}
        : { vramToLeaveFree: parseLeaveFree('vramToLeaveFree', options.vramToLeaveFree) }),
    },
    ...(laneEntry === undefined ? {} : { entry: laneEntry }),
    count: lanes,
    inFlight,
    retries,
    hangMs,
    recycleBytes: options.recycleBytes ?? totalmem() / 4,
  })
  const running = new Map<PromiseLike<Generation>, () => void>()
  let closed = false

  return {
    generate(request, options = {}) {
      if (closed) throw new UsageError('the engine is closed', { hint: 'createEngine() makes another one' })
      const id = options.id ?? randomUUID()
      const deadline = options.ttlMs === undefined ? undefined : performance.now() + options.ttlMs
      let wanted = options.signal?.aborted !== true
      const cancel = (mode: 'soft' | 'hard') => {
        wanted = false
        pool.cancel(id, mode)
      }
      const onAbort = () => cancel('soft')
      if (options.signal !== undefined) {
        // One signal for a hundred jobs is no leak.
        setMaxListeners(0, options.signal)
        options.signal.addEventListener('abort', onAbort, { once: true })
      }
      pool.warm()
      const handle = generationHandle(id, cancel, emit =>
        draw({
          id,
          request,
          options,
          resolve,
          library,
          resolveAdapters,
          emit,
          runInLane: async task =>
            wanted
              ? pool.run({ task, onEvent: emit, ...(deadline === undefined ? {} : { deadline }) })
              : { state: 'cancelled', retries: 0 },
        }).finally(() => options.signal?.removeEventListener('abort', onAbort)),
      )
      running.set(handle, () => cancel('soft'))
      void handle.then(() => running.delete(handle))
      return handle
    },
    plan: (request, options = {}) => planOnly({ request, options, resolve, library, resolveAdapters }),
    environment: () => pool.environment(),
    async release() {
      pool.release()
    },
    stats: () => pool.stats(),
    async close({ drainMs } = {}) {
      closed = true
      const timer =
        drainMs === undefined
          ? undefined
          : setTimeout(() => {
              for (const cancel of running.values()) cancel()
            }, drainMs)
      await Promise.all(running.keys())
      clearTimeout(timer)
      await pool.close()
    },
  }
}

function whole(option: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value
  throw new UsageError(`${option} must be a whole number from 1, got ${value}`)
}
