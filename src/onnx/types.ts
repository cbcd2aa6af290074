import type { Dim } from './dims.js'
import type { DType } from './dtypes.js'

/** A tensor of a graph: what its name will hold when the graph runs. */
export interface Value {
  readonly name: string
  readonly dtype: DType
  readonly shape: readonly Dim[]
}

/** Bytes of a file that hold a tensor, little-endian and row-major. */
export interface ExternalTensor {
  file: string
  /** From the start of the file, in bytes. */
  offset: number
  dtype: DType
  shape: readonly number[]
}

/** Which operators a graph is made of: those that run everywhere, the same without fused ones, those that are fastest on processors or on CUDA. */
export type Profile = 'cpu' | 'portable' | 'plain' | 'cuda'

/** What a graph computes in. Its inputs and outputs are fp32 either way. */
export type ComputeType = 'float32' | 'float16'

/** An attribute of a node. ONNX tells integers from floats, JavaScript does not. */
export type Attribute =
  | { int: number }
  | { ints: readonly number[] }
  | { float: number }
  | { floats: readonly number[] }
  | { text: string }

export interface NodeSpec {
  /** Operator, e.g. `Conv`. */
  op: string
  /** `''` is ONNX's own, the other is ONNX Runtime's. @default '' */
  domain?: '' | 'com.microsoft'
  /** Optional inputs that are left out are undefined. */
  inputs: readonly (Value | undefined)[]
  attributes?: Readonly<Record<string, Attribute>>
}

/** What the builder of a node says of an output. */
export type Output = Pick<Value, 'dtype' | 'shape'>

/** A model that ONNX Runtime can load. */
export interface BuiltGraph {
  /** The model as protobuf. */
  bytes: Uint8Array
  /**
   * Folder that the model's external weights are looked up in: the session option
   * `session.model_external_initializers_file_folder_path`. Undefined where no file is needed.
   */
  folder: string | undefined
  /** Large weights that were computed, where no file is needed: the session option `externalData`. */
  externalData: { path: string; data: Uint8Array }[]
  inputs: readonly Value[]
  outputs: readonly Value[]
  /** Names of the nodes that take the sine of angles of hundreds of radians, which graphics cards get wrong in the fourth digit. */
  sines: readonly string[]
}

/** Nodes, inputs, outputs and constants: what every operator is made of. */
export interface GraphCore {
  /** Type of the graph's weights, and of what is computed from them. */
  readonly compute: ComputeType
  input(name: string, dtype: DType, shape: readonly Dim[]): Value
  /** Half floats are given out as fp32. */
  output(name: string, value: Value): void
  /** Adds a node with one output. */
  node(spec: NodeSpec, output: Output): Value
  /** Adds a node with several outputs. */
  nodes(spec: NodeSpec, outputs: readonly Output[]): Value[]
  /**
   * A tensor that stays in its file until a session is created, in the graph's type: ONNX Runtime converts other types once,
   * then. The same name is the same tensor.
   */
  external(name: string, tensor: ExternalTensor): Value
  /** A computed fp32 tensor. It is written into the model, or handed over beside it. */
  tensor(name: string, data: Float32Array, shape: readonly number[]): Value
  /** A one-dimensional int64 constant. */
  ints(values: readonly number[]): Value
  /** An fp32 constant without dimensions. */
  float(value: number): Value
  /** The size that a symbol of some tensor's shape stands for, when the graph runs: int64 of shape [1]. */
  size(symbol: string): Value
  /** Names that are given inside `body` start with `name/`. */
  scope<T>(name: string, body: () => T): T
  /** Throws a {@link GraphError} that says where in the graph it happened. */
  fail(message: string): never
  build(): BuiltGraph
}
