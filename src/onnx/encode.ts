/** Writes the parts of a graph as the messages of `onnx.proto`. */
import { create, toBinary } from '@bufbuild/protobuf'
import type { Dim } from './dims.js'
import { dtypeNumbers } from './dtypes.js'
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as DataLocation,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx_pb.js'
import type { Attribute, NodeSpec, Output, Value } from './types.js'

/** Version of the file format, and of the operator sets that the graphs use. */
const IR_VERSION = 10n
const OPSETS = [
  { domain: '', version: 21n },
  { domain: 'com.microsoft', version: 1n },
]

export function encodeModel(graph: {
  nodes: NodeProto[]
  initializers: TensorProto[]
  inputs: ValueInfoProto[]
  outputs: ValueInfoProto[]
}): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: 'horde-onnx',
    opsetImport: OPSETS,
    graph: {
      name: 'graph',
      node: graph.nodes,
      initializer: graph.initializers,
      input: graph.inputs,
      output: graph.outputs,
    },
  })
  return toBinary(ModelProtoSchema, model)
}

export function encodeNode(
  { op, domain = '', inputs, attributes = {} }: NodeSpec,
  names: { name: string; outputs: readonly string[] },
): NodeProto {
  return create(NodeProtoSchema, {
    name: names.name,
    opType: op,
    domain,
    input: inputs.map(value => value?.name ?? ''),
    output: [...names.outputs],
    attribute: Object.entries(attributes).map(([name, value]) => encodeAttribute(name, value)),
  })
}

function encodeAttribute(name: string, value: Attribute): AttributeProto {
  if ('int' in value) return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value.int) })
  if ('ints' in value)
    return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.ints.map(BigInt) })
  if ('float' in value) return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float })
  if ('floats' in value) {
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOATS, floats: [...value.floats] })
  }
  return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: new TextEncoder().encode(value.text) })
}

/** A constant whose values are part of the model. */
export function encodeConstant(name: string, { dtype, shape }: Output, rawData: Uint8Array): TensorProto {
  return create(TensorProtoSchema, { name, dataType: dtypeNumbers[dtype], dims: bigints(shape), rawData })
}

/** A constant whose values are `length` bytes of the file `location`. */
export function encodeExternal(
  name: string,
  { dtype, shape }: Output,
  { location, offset, length }: { location: string; offset: number; length: number },
): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: dtypeNumbers[dtype],
    dims: bigints(shape),
    dataLocation: DataLocation.EXTERNAL,
    externalData: [
      { key: 'location', value: location },
      { key: 'offset', value: String(offset) },
      { key: 'length', value: String(length) },
    ],
  })
}

export function encodeValueInfo({ name, dtype, shape }: Value): ValueInfoProto {
  const dim = shape.map(size => ({
    value:
      typeof size === 'number'
        ? { case: 'dimValue' as const, value: BigInt(size) }
        : { case: 'dimParam' as const, value: size },
  }))
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType: dtypeNumbers[dtype], shape: { dim } } } },
  })
}

function bigints(shape: readonly Dim[]): bigint[] {
  return shape.map(size => BigInt(size))
}
