/** The tensors of a network by the names that its checkpoint gives them. */
import { ModelFileError } from '../errors.js'
import { type Checkpoint, type DType as FileDType, readFloatsSync, type TensorEntry } from '../models/checkpoint.js'
import { type DType, type Graph, showShape, type Value } from '../onnx/index.js'
import type { LoraFactors } from './lora.js'

/** A place among the tensors of a checkpoint: everything whose name starts with `path`. */
export interface Weights {
  /** Full name of the place, without a trailing dot. */
  readonly path: string
  /** The part of the path that the place above it does not have. */
  readonly name: string
  /** Weights that are added to these, where both have them: these are a difference. */
  readonly base: Weights | undefined
  /** Factors of LoRAs that change the layer of this place. */
  readonly lora: LoraFactors | undefined
  sub(name: string): Weights
  has(name: string): boolean
  /** @throws ModelFileError where there is none */
  tensor(name: string): TensorEntry
}

/**
 * @param prefix with its trailing dot, or ''
 * @param base weights that are added to these
 * @param factors of layers that LoRAs change, by the path of the layer
 */
export function weightsOf(
  { file, tensors }: Pick<Checkpoint, 'file' | 'tensors'>,
  prefix: string,
  base?: Weights,
  factors?: ReadonlyMap<string, LoraFactors>,
): Weights {
  const at = (path: string, name: string, base: Weights | undefined): Weights => {
    const full = (child: string) => (path === '' ? child : `${path}.${child}`)
    return {
      path,
      name,
      base,
      lora: factors?.get(path),
      sub: child => at(full(child), child, base?.sub(child)),
      has: child => tensors.has(full(child)),
      tensor(child) {
        const entry = tensors.get(full(child))
        if (entry === undefined) {
          throw new ModelFileError(`${file}: tensor \`${full(child)}\` is missing`, {
            hint: 'the file is incomplete or of an architecture that is not supported',
          })
        }
        return entry
      },
    }
  }
  const root = prefix.replace(/\.$/, '')
  return at(root, root, base)
}

/** How many of `w.0`, `w.1`, … there are, told from a tensor that each of them has. */
export function count(w: Weights, tensor: (index: number) => string): number {
  let index = 0
  while (w.has(tensor(index))) index++
  return index
}

const dtypes: Partial<Record<FileDType, DType>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  F8_E4M3: 'float8e4m3fn',
  F8_E5M2: 'float8e5m2',
}

/** Bytes up to which a tensor that has to be converted becomes part of the graph. */
const SMALL = 16 * 1024

/**
 * A tensor of the checkpoint as fp32. Its bytes stay in the file; ONNX Runtime reads and, where they are of another type,
 * converts them once, when a session is created. That takes a node and a look at the file each, so the small ones (biases, norms),
 * which are most of them, are converted here.
 *
 * @param shape another shape of the same size
 */
export function parameter(g: Graph, w: Weights, name: string, shape?: readonly number[]): Value {
  const entry = w.tensor(name)
  const dtype = dtypes[entry.dtype]
  if (dtype === undefined) {
    throw new ModelFileError(`${entry.file}: \`${entry.name}\` must hold floats, got ${entry.dtype}`)
  }
  const size = (dims: readonly number[]) => dims.reduce((all, dim) => all * dim, 1)
  if (shape !== undefined && size(shape) !== size(entry.shape)) {
    throw new ModelFileError(
      `${entry.file}: \`${entry.name}\` must have a shape like ${showShape(shape)}, got ${showShape(entry.shape)}`,
    )
  }
  const { file, offset, length } = entry
  const inside = dtype !== 'float32' && g.compute === 'float32' && length <= SMALL
  const own = inside
    ? g.tensor(entry.name, readFloatsSync(entry), shape ?? entry.shape)
    : g.external(entry.name, { file, offset, dtype, shape: shape ?? entry.shape })
  return w.base?.has(name) ? g.add(own, parameter(g, w.base, name, shape)) : own
}
