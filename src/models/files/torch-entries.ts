/** From an unpickled object to named tensors with places in the file: what PyTorch's two formats share. */
import { ModelFileError } from '../../errors.js'
import type { TensorEntry } from '../checkpoint.js'
import { DTYPE_BYTES, elementCount } from './dtype.js'
import { unpickle } from './pickle.js'
import { isTensor, type Pickled, type PickledTensor, PickleError } from './pickled.js'

/** Where the bytes of a storage lie in the file. */
export interface StoragePlace {
  offset: number
  length: number
}

const MAX_NODES = 1_000_000
const MAX_DEPTH = 16

/** Reads one pickle; what it refuses becomes an error that names the file. */
export function unpickleFile(file: string, bytes: Uint8Array, start = 0): { value: Pickled; end: number } {
  try {
    return unpickle(bytes, start)
  } catch (cause) {
    if (!(cause instanceof PickleError)) throw cause
    throw new ModelFileError(`${file}: refused: its pickle ${cause.message}`, {
      hint: 'Model files need tensors and plain containers only; anything else may be an attack. Use a .safetensors file.',
      cause,
    })
  }
}

/**
 * The tensors of a state dict. `state_dict` is looked into when there is one (training checkpoints); names of nested dicts
 * and lists are joined by dots.
 *
 * @throws ModelFileError when a tensor lies outside its storage or is no plain row-major block.
 */
export function tensorEntries(
  file: string,
  root: Pickled,
  placeOf: (key: string) => StoragePlace | undefined,
): ReadonlyMap<string, TensorEntry> {
  const entries = new Map<string, TensorEntry>()
  const inner = root instanceof Map ? root.get('state_dict') : undefined
  let nodes = 0
  const walk = (value: Pickled, path: readonly string[]): void => {
    if (++nodes > MAX_NODES || path.length > MAX_DEPTH) {
      throw new ModelFileError(`${file}: refused: nests its dicts too deeply to be a model`)
    }
    if (isTensor(value)) {
      const name = path.join('.')
      entries.set(name, place({ file, name, tensor: value, storage: placeOf(value.storage.key) }))
    } else if (value instanceof Map) {
      for (const [key, item] of value) if (typeof key === 'string') walk(item, [...path, key])
    } else if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) if (isTensor(item) || item instanceof Map) walk(item, [...path, `${i}`])
    }
  }
  walk(inner instanceof Map ? inner : root, [])
  return entries
}

interface Placement {
  file: string
  name: string
  tensor: PickledTensor
  storage: StoragePlace | undefined
}

function place({ file, name, tensor, storage }: Placement): TensorEntry {
  const wrong = (what: string) =>
    new ModelFileError(`${file}: tensor "${name}": ${what}`, {
      hint: 'Load the file with PyTorch and save it as .safetensors.',
    })
  const { dtype, shape, strides } = tensor
  if (storage === undefined) throw wrong(`its storage "${tensor.storage.key}" is missing`)
  const offset = tensor.offset * DTYPE_BYTES[dtype]
  const length = elementCount(shape) * DTYPE_BYTES[dtype]
  if (!Number.isSafeInteger(length) || offset + length > storage.length) {
    throw wrong(`needs bytes ${offset} to ${offset + length} of a storage of ${storage.length}`)
  }
  if (!isRowMajor(shape, strides)) {
    throw wrong(
      `is a view with strides [${strides.join(', ')}] for shape [${shape.join(', ')}], which is not supported`,
    )
  }
  return { name, dtype, shape, file, offset: storage.offset + offset, length }
}

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== expected) return elementCount(shape) === 0
    expected *= shape[i] ?? 1
  }
  return strides.length === shape.length
}
