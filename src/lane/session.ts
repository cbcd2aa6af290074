/** ONNX Runtime sessions: the only place where a graph becomes a computation. */

import { LaneError, OutOfMemoryError } from '../errors.js'
import type { BuiltGraph } from '../onnx/index.js'
import { InferenceSession, Tensor } from './onnxruntime.js'
import type { Device, FromLane } from './protocol.js'

/** Inputs of a run: fp32 or int64 values with their shape. */
export type Feeds = Record<string, { shape: readonly number[]; data: Float32Array | BigInt64Array }>

/** Results of a run, by their names. */
export type Outputs = Record<string, { shape: readonly number[]; data: Float32Array }>

/** Inputs that are no rows: equal for every row of a run, as the factors of LoRAs are. */
export interface SharedFeeds {
  /** Equal keys mean equal values. */
  key: string
  feeds: Feeds
}

export interface Session {
  /** For messages: `unet`, `vae decoder` … */
  readonly name: string
  /** Runs the graph for the named outputs. Blocks the thread of this process until it is done. */
  run(feeds: Feeds, outputs: readonly string[], shared?: SharedFeeds): Promise<Outputs>
  /** Rough number of bytes that a run takes beside the weights. */
  activationBytes(feeds: Feeds): number
  release(): Promise<void>
}

/** Measures what is spent inside ONNX Runtime. */
export interface RunClock {
  /** Milliseconds in `session.run` so far. */
  inside: number
}

export interface SessionOptions {
  /** For messages: `unet`, `vae decoder` … */
  name: string
  device: Pick<Device, 'provider' | 'index'>
  /**
   * `all` also lays weights out in blocks for the CPU's convolutions. That doubles the time and the memory of loading, and is
   * worth it for the VAE only (docs/memory.md).
   */
  optimization: 'extended' | 'all'
  threads: number
  clock: RunClock
  /** Bytes that loading reads at most. */
  bytes: number
  /** Rough size of a run. */
  multiplyAdds(feeds: Feeds): number
  /** Rough size of what it holds at once beside the weights. */
  activationBytes(feeds: Feeds): number
  /** Told before the thread is blocked, and after. */
  emit(message: FromLane): void
}

/** @throws LaneError where ONNX Runtime refuses the graph */
export async function createSession(
  graph: BuiltGraph,
  { name, device, optimization, threads, clock, bytes, multiplyAdds, activationBytes, emit }: SessionOptions,
): Promise<Session> {
  const options: InferenceSession.SessionOptions = {
    executionProviders: [executionProvider(device, graph)],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: optimization,
    // Its plan for a shape is one block beside those that the first run took: more memory, and no less time.
    enableMemPattern: false,
    externalData: graph.externalData,
    // That shape arithmetic stays on the CPU is no warning worth a line in a user's terminal.
    logSeverityLevel: 3,
    // The model comes from memory; this names the folder its external weights are in.
    ...(graph.folder === undefined
      ? {}
      : { extra: { session: { model_external_initializers_file_folder_path: graph.folder } } }),
  }
  emit({ type: 'busy', what: `load ${name}`, work: { bytes } })
  const session = await InferenceSession.create(graph.bytes, options)
    .finally(() => emit({ type: 'idle' }))
    .catch((cause: unknown) => {
      throw (
        asOutOfMemory(cause, name, bytes) ??
        new LaneError(`ONNX Runtime could not load ${name}: ${messageOf(cause)}`, {
          cause,
          ...(device.provider === 'cpu' ? {} : { hint: '`horde-onnx doctor` says whether the device can be used' }),
        })
      )
    })
  return {
    name,
    activationBytes,
    async run(feeds, outputs, shared) {
      const tensors: Record<string, Tensor> = {}
      for (const [input, { data, shape }] of Object.entries({ ...feeds, ...shared?.feeds })) {
        tensors[input] =
          data instanceof Float32Array ? new Tensor('float32', data, shape) : new Tensor('int64', data, shape)
      }
      emit({ type: 'busy', what: `run ${name}`, work: { multiplyAdds: multiplyAdds(feeds) } })
      const before = performance.now()
      const results = await session
        .run(tensors, outputs)
        .finally(() => {
          clock.inside += performance.now() - before
          emit({ type: 'idle' })
        })
        .catch((cause: unknown) => {
          const message = `ONNX Runtime could not run ${name}: ${messageOf(cause)}`
          throw asOutOfMemory(cause, name, activationBytes(feeds)) ?? new LaneError(message, { cause })
        })
      return Object.fromEntries(
        outputs.map(output => {
          const tensor = results[output]
          if (!(tensor?.data instanceof Float32Array)) throw new LaneError(`${name} returned no fp32 \`${output}\``)
          return [output, { shape: tensor.dims, data: tensor.data }]
        }),
      )
    },
    release: () => session.release(),
  }
}

/** ONNX Runtime says in words only that it could not allocate. */
function asOutOfMemory(cause: unknown, name: string, bytes: number): OutOfMemoryError | undefined {
  const short = /bad_alloc|failed to allocate|out of memory|bad array new length/i.test(messageOf(cause))
  return short ? new OutOfMemoryError(name, bytes, { cause }) : undefined
}

function executionProvider({ provider, index }: SessionOptions['device'], { sines }: BuiltGraph) {
  switch (provider) {
    case 'cuda':
      return { name: 'cuda', deviceId: index }
    case 'webgpu':
      return { name: 'webgpu', ...(sines.length === 0 ? {} : { forceCpuNodeNames: sines }) }
    case 'cpu':
      return 'cpu'
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
