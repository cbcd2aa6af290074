/** Runs a built graph in ONNX Runtime, for tests. */
import { InferenceSession, Tensor } from '../../src/lane/onnxruntime.js'
import type { BuiltGraph } from '../../src/onnx/index.js'

export interface Array32 {
  shape: readonly number[]
  data: Float32Array
}

export type GraphFeeds = Record<string, Array32 | { shape: readonly number[]; data: BigInt64Array }>

export interface LoadedGraph {
  /** All outputs. */
  run(feeds: GraphFeeds): Promise<Record<string, Array32>>
  release(): Promise<void>
}

export async function loadGraph(
  { bytes, folder, externalData }: BuiltGraph,
  options: InferenceSession.SessionOptions = {},
): Promise<LoadedGraph> {
  const session = await InferenceSession.create(bytes, {
    externalData,
    ...(folder === undefined ? {} : { extra: { session: { model_external_initializers_file_folder_path: folder } } }),
    logSeverityLevel: 3,
    ...options,
  })
  return {
    async run(feeds) {
      const tensors = Object.fromEntries(
        Object.entries(feeds).map(([name, { data, shape }]) => [
          name,
          data instanceof Float32Array ? new Tensor('float32', data, shape) : new Tensor('int64', data, shape),
        ]),
      )
      const results = await session.run(tensors)
      return Object.fromEntries(
        Object.entries(results).map(([name, { dims, data }]) => {
          if (!(data instanceof Float32Array)) throw new Error(`${name} is not fp32`)
          return [name, { shape: dims, data }]
        }),
      )
    },
    release: () => session.release(),
  }
}

/** Loads, runs once, releases. */
export async function runGraph(graph: BuiltGraph, feeds: GraphFeeds): Promise<Record<string, Array32>> {
  const loaded = await loadGraph(graph)
  try {
    return await loaded.run(feeds)
  } finally {
    await loaded.release()
  }
}

/** ‖ours − theirs‖ / ‖theirs‖ */
export function relativeError(ours: Float32Array, theirs: Float32Array): number {
  if (ours.length !== theirs.length) throw new Error(`${ours.length} values against ${theirs.length}`)
  let difference = 0
  let norm = 0
  for (const [i, value] of theirs.entries()) {
    difference += ((ours[i] as number) - value) ** 2
    norm += value ** 2
  }
  return Math.sqrt(difference / norm)
}

/** Reproducible values in −1..1 that are not symmetric in any axis. */
export function filled(shape: readonly number[], seed = 1): Array32 {
  let state = seed
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
  return { shape, data }
}
