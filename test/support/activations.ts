/** The largest value that any node of a graph computes. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { InferenceSession, Tensor } from '../../src/lane/onnxruntime.js'
import type { BuiltGraph } from '../../src/onnx/index.js'
import { ModelProtoSchema, ValueInfoProtoSchema } from '../../src/onnx/onnx_pb.js'
import type { Array32 } from './run-graph.js'

/** Runs the graph with every node's result as an output: nothing is fused away, so every value that fp16 would hold is seen. */
export async function largestActivation(
  graph: BuiltGraph,
  feeds: Record<string, Array32>,
): Promise<{ name: string; magnitude: number; nodes: number }> {
  const model = fromBinary(ModelProtoSchema, graph.bytes)
  const known = new Set(model.graph?.output.map(({ name }) => name))
  for (const node of model.graph?.node ?? []) {
    for (const name of node.output) {
      if (!known.has(name)) model.graph?.output.push(create(ValueInfoProtoSchema, { name }))
    }
  }
  const folder = graph.folder === undefined ? {} : { model_external_initializers_file_folder_path: graph.folder }
  const session = await InferenceSession.create(toBinary(ModelProtoSchema, model), {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 3,
    externalData: graph.externalData,
    extra: { session: folder },
  })
  const results = await session.run(
    Object.fromEntries(
      Object.entries(feeds).map(([name, { data, shape }]) => [name, new Tensor('float32', data, shape)]),
    ),
  )
  await session.release()
  let largest = { name: '', magnitude: 0 }
  for (const [name, { data }] of Object.entries(results)) {
    if (!(data instanceof Float32Array)) continue
    const magnitude = data.reduce(
      (most, value) => (Number.isNaN(value) ? Infinity : Math.max(most, Math.abs(value))),
      0,
    )
    if (magnitude > largest.magnitude) largest = { name, magnitude }
  }
  return { ...largest, nodes: Object.keys(results).length }
}
