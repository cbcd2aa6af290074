/** The book-keeping of a graph: names, nodes, constants, and how they become a model. */
import { realpathSync } from 'node:fs'
import { dirname, relative, sep } from 'node:path'
import { product, showShape } from './dims.js'
import { type DType, dtypeBytes, dtypeNumbers } from './dtypes.js'
import { encodeConstant, encodeExternal, encodeModel, encodeNode, encodeValueInfo } from './encode.js'
import { GraphError } from './graph-error.js'
import type { ComputeType, ExternalTensor, GraphCore, NodeSpec, Output, Value } from './types.js'

/** Computed tensors up to this size are always written into the model. */
const INLINE_BYTES = 64 * 1024

/** Protobuf cannot hold more. */
const MODEL_BYTES = 2 ** 31 - 1

interface Constant {
  value: Value
  source: { bytes: Uint8Array } | { tensor: ExternalTensor; bytes: number }
}

interface Node {
  name: string
  spec: NodeSpec
  outputs: readonly Value[]
}

/** An empty graph that computes in a type. */
export function createCore(compute: ComputeType): GraphCore {
  const scopes: string[] = []
  const used = new Map<string, number>()
  const nodes: Node[] = []
  const constants = new Map<string, Constant>()
  /** Stored tensors of other types than the graph's, in the graph's. */
  const conversions = new Map<string, Value>()
  const inputs: Value[] = []
  const outputs = new Map<string, { name: string; value: Value }>()
  /** Where a symbolic size can be read from, and the nodes that do. */
  const origins = new Map<string, { value: Value; axis: number }>()
  const sizes = new Map<string, Value>()

  /** `wanted` inside the current scopes, numbered where it is taken. */
  function unique(wanted: string): string {
    const name = [...scopes, wanted].join('/')
    const count = used.get(name) ?? 0
    used.set(name, count + 1)
    return count === 0 ? name : `${name}_${count}`
  }

  function fail(message: string): never {
    throw new GraphError(`${scopes.length === 0 ? 'graph' : scopes.join('/')}: ${message}`)
  }

  function constant(name: string, { dtype, shape }: Output, source: Constant['source']): Value {
    const known = constants.get(name)
    if (known !== undefined) {
      const { value } = known
      if (value.dtype !== dtype || value.shape.join() !== shape.join() || place(known.source) !== place(source)) {
        fail(`\`${name}\` is already another tensor: ${value.dtype} ${showShape(value.shape)}`)
      }
      return value
    }
    const value = { name, dtype, shape }
    constants.set(name, { value, source })
    return value
  }

  function remember(value: Value): Value {
    for (const [axis, dim] of value.shape.entries()) {
      if (typeof dim === 'string' && !origins.has(dim)) origins.set(dim, { value, axis })
    }
    return value
  }

  function addNodes(spec: NodeSpec, shapes: readonly Output[]): Value[] {
    const name = unique(spec.op)
    const values = shapes.map(({ dtype, shape }, i) =>
      remember({ name: i === 0 ? name : `${name}:${i}`, dtype, shape }),
    )
    nodes.push({ name, spec, outputs: values })
    return values
  }

  function addNode(spec: NodeSpec, output: Output): Value {
    const [value] = addNodes(spec, [output])
    return value ?? fail(`${spec.op} has no output`)
  }

  return {
    compute,

    input(name, dtype, shape) {
      const value = remember({ name: unique(name), dtype, shape })
      inputs.push(value)
      return value
    },

    output(name, value) {
      const computed = nodes.some(node => node.outputs.includes(value))
      if (!computed || outputs.has(value.name)) fail(`output \`${name}\` must be a node's result of its own`)
      const result =
        value.dtype === 'float16' ? addNode(castTo('float32', value), { ...value, dtype: 'float32' }) : value
      outputs.set(result.name, { name, value: result })
    },

    nodes: addNodes,
    node: addNode,

    size(symbol) {
      const known = sizes.get(symbol)
      if (known !== undefined) return known
      const { value, axis } = origins.get(symbol) ?? fail(`no tensor has the size \`${symbol}\``)
      const size = addNode(
        { op: 'Shape', inputs: [value], attributes: { start: { int: axis }, end: { int: axis + 1 } } },
        { dtype: 'int64', shape: [1] },
      )
      sizes.set(symbol, size)
      return size
    },

    external(name, tensor) {
      const count = product(tensor.shape)
      if (typeof count !== 'number') return fail(`\`${name}\` must have a known size`)
      const stored = constant(name, tensor, { tensor, bytes: count * dtypeBytes[tensor.dtype] })
      if (stored.dtype === compute) return stored
      const converted = conversions.get(name) ?? addNode(castTo(compute, stored), { ...stored, dtype: compute })
      conversions.set(name, converted)
      return converted
    },

    tensor(name, data, shape) {
      if (data.length !== product(shape)) fail(`\`${name}\` has ${data.length} values for ${showShape(shape)}`)
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      return constant(name, { dtype: 'float32', shape }, { bytes })
    },

    ints(values) {
      const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer)
      return constant(`ints(${values.join()})`, { dtype: 'int64', shape: [values.length] }, { bytes })
    },

    float(value) {
      const bytes = new Uint8Array(Float32Array.of(value).buffer)
      return constant(`float(${value})`, { dtype: 'float32', shape: [] }, { bytes })
    },

    scope(name, body) {
      scopes.push(name)
      try {
        return body()
      } finally {
        scopes.pop()
      }
    },

    fail,

    build() {
      const files = [...constants.values()].flatMap(({ source }) => ('tensor' in source ? [source.tensor.file] : []))
      // ONNX Runtime refuses weights that a symbolic link leads out of the folder.
      const realFiles = new Map([...new Set(files)].map(file => [file, realpathSync(file)]))
      const folder = commonFolder([...realFiles.values()])
      const locations = new Map([...realFiles].map(([file, real]) => [file, relative(folder ?? '', real)]))
      const externalData: { path: string; data: Uint8Array }[] = []

      const initializers = [...constants.values()].map(({ value, source }) => {
        if ('tensor' in source) {
          const { file, offset } = source.tensor
          return encodeExternal(value.name, value, {
            location: locations.get(file) ?? '',
            offset,
            length: source.bytes,
          })
        }
        // ONNX Runtime takes weights from files or from memory, never from both.
        if (folder !== undefined || source.bytes.length <= INLINE_BYTES)
          return encodeConstant(value.name, value, source.bytes)
        const path = `computed/${externalData.length}`
        externalData.push({ path, data: source.bytes })
        return encodeExternal(value.name, value, { location: path, offset: 0, length: source.bytes.length })
      })

      const inlined = initializers.reduce((all, { rawData }) => all + rawData.length, 0)
      if (inlined > MODEL_BYTES) fail(`computed tensors of ${inlined} bytes do not fit into a model of 2 GB`)

      const rename = (value: Value) => ({ ...value, name: outputs.get(value.name)?.name ?? value.name })
      const results = [...outputs.values()].map(({ name, value }) => ({ ...value, name }))
      return {
        bytes: encodeModel({
          nodes: nodes.map(({ name, spec, outputs }) =>
            encodeNode(
              { ...spec, inputs: spec.inputs.map(value => value && rename(value)) },
              { name, outputs: outputs.map(value => rename(value).name) },
            ),
          ),
          initializers,
          inputs: inputs.map(encodeValueInfo),
          outputs: results.map(encodeValueInfo),
        }),
        folder,
        externalData,
        inputs,
        outputs: results,
        sines: nodes.flatMap(({ name, spec }) => (spec.op === 'Sin' || spec.op === 'Cos' ? [name] : [])),
      }
    },
  }
}

/** Tells stored tensors apart. */
function place(source: Constant['source']): string | undefined {
  return 'tensor' in source ? `${source.tensor.file}:${source.tensor.offset}` : undefined
}

/** A node that converts the elements of a tensor. */
export function castTo(dtype: DType, x: Value): NodeSpec {
  return { op: 'Cast', inputs: [x], attributes: { to: { int: dtypeNumbers[dtype] } } }
}

/** The innermost folder that all files are in; undefined for no file. */
function commonFolder(files: readonly string[]): string | undefined {
  const [first, ...others] = files.map(file => dirname(file).split(sep))
  if (first === undefined) return undefined
  const differing = first.findIndex((part, i) => others.some(other => other[i] !== part))
  return (differing < 0 ? first : first.slice(0, differing)).join(sep) || sep
}
