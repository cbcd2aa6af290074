/** Builds ONNX models: typed tensors and operators in, protobuf out. */
export { type Dim, product, showShape } from './dims.js'
export { type DType, dtypeBytes } from './dtypes.js'
export { createGraph, type Graph, type GraphOptions, zeroPadded } from './graph.js'
export { GraphError } from './graph-error.js'
export type { Kernel3x3 } from './lowering/kernel.js'
export type { AttentionInput, GroupNormOptions } from './lowering/lowering.js'
export type { Conv2dOptions } from './ops/compute.js'
export type { BuiltGraph, ComputeType, ExternalTensor, Profile, Value } from './types.js'
