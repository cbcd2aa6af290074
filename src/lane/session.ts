/** ONNX Runtime sessions: the only place where a graph becomes a computation. */
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { LaneError } from '../errors.js'
import type { BuiltGraph } from '../onnx/index.js'
import type { Device, FromLane } from './protocol.js'

/** Inputs of a run: fp32 or int64 values with their shape. */
export type Feeds = Record<string, { shape: readonly number[]; data: Float32Array | BigInt64Array }>

export interface Session {
  /** Runs the graph for the named outputs. Blocks the thread of this process until it is done. */
  run(
    feeds: Feeds,
    outputs: readonly string[],
  ): Promise<Record<string, { shape: readonly number[]; data: Float32Array }>>
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
  /** Told before the thread is blocked, and after. */
  emit(message: FromLane): void
}

/** @throws LaneError where ONNX Runtime refuses the graph */
export async function createSession(
  graph: BuiltGraph,
  { name, device, optimization, threads, clock, bytes, multiplyAdds, emit }: SessionOptions,
): Promise<Session> {
  const options: InferenceSession.SessionOptions = {
    executionProviders: [device.provider === 'cuda' ? { name: 'cuda', deviceId: device.index } : device.provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: optimization,
    externalData: graph.externalData,
    // The model comes from memory; this names the folder its external weights are in.
    ...(graph.folder === undefined
      ? {}
      : { extra: { session: { model_external_initializers_file_folder_path: graph.folder } } }),
  }
  emit({ type: 'busy', what: `load ${name}`, work: { bytes } })
  const session = await InferenceSession.create(graph.bytes, options).catch((cause: unknown) => {
    throw new LaneError(`ONNX Runtime could not load ${name}: ${messageOf(cause)}`, {
      cause,
      ...(device.provider === 'cpu' ? {} : { hint: '`horde-onnx doctor` says whether the device can be used' }),
    })
  })
  emit({ type: 'idle' })
  return {
    async run(feeds, outputs) {
      const tensors: Record<string, Tensor> = {}
      for (const [input, { data, shape }] of Object.entries(feeds)) {
        tensors[input] =
          data instanceof Float32Array ? new Tensor('float32', data, shape) : new Tensor('int64', data, shape)
      }
      emit({ type: 'busy', what: `run ${name}`, work: { multiplyAdds: multiplyAdds(feeds) } })
      const before = performance.now()
      const results = await session.run(tensors, outputs).catch((cause: unknown) => {
        throw new LaneError(`ONNX Runtime could not run ${name}: ${messageOf(cause)}`, { cause })
      })
      clock.inside += performance.now() - before
      emit({ type: 'idle' })
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

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
