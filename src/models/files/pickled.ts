/** What an unpickler may make: tensors, storages, plain containers, and empty placeholders for a few harmless names. */
import type { DType } from '../checkpoint.js'

/** A block of numbers of which tensors are views. */
export interface Storage {
  kind: 'storage'
  /** Name of the block inside the file. */
  key: string
  /** Undefined for untyped storages: the tensor says. */
  dtype: DType | undefined
  /** Elements, as the pickle claims; bytes for untyped storages. */
  size: number
}

/** A view of a storage. Offset and strides count elements. */
export interface PickledTensor {
  kind: 'tensor'
  storage: Storage
  dtype: DType
  offset: number
  shape: readonly number[]
  strides: readonly number[]
}

/** A Python name, or what a call of an inert one would have returned. Holds nothing. */
export interface Named {
  kind: 'global' | 'inert'
  name: string
}

export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Pickled[]
  | Map<Pickled, Pickled>
  | Storage
  | PickledTensor
  | Named

/** A pickle that is damaged or asks for something that is no data. The caller adds the file's name. */
export class PickleError extends Error {}

const STORAGES: Readonly<Record<string, DType>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
}

const DTYPES: Readonly<Record<string, DType>> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  float8_e4m3fn: 'F8_E4M3',
  float8_e5m2: 'F8_E5M2',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint8: 'U8',
  bool: 'BOOL',
}

/**
 * Names whose values nobody reads, but which Stable Diffusion's first checkpoints contain (training bookkeeping beside the
 * weights). They come out as empty placeholders.
 */
const INERT: ReadonlySet<string> = new Set([
  'pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint',
  'numpy.core.multiarray.scalar',
  'numpy._core.multiarray.scalar',
  'numpy.dtype',
  '_codecs.encode',
  'torch.device',
])

const CALLABLE: ReadonlySet<string> = new Set([
  'collections.OrderedDict',
  'torch.Size',
  'torch._utils._rebuild_tensor',
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_tensor_v3',
  'torch._utils._rebuild_parameter',
])

/** Whether a pickle may speak of a Python name at all. */
export const isKnown = (name: string): boolean =>
  CALLABLE.has(name) ||
  INERT.has(name) ||
  name === 'torch.storage.UntypedStorage' ||
  (name.startsWith('torch.') && (Object.hasOwn(STORAGES, name.slice(6)) || Object.hasOwn(DTYPES, name.slice(6))))

/**
 * What a call would return, for the names that are data.
 *
 * @throws PickleError for every other name
 */
export function call(callee: Pickled, args: Pickled): Pickled {
  if (!isNamed(callee) || !Array.isArray(args)) throw new PickleError('calls something that is no function')
  if (INERT.has(callee.name) || callee.kind === 'inert') return { kind: 'inert', name: callee.name }
  switch (callee.name) {
    case 'collections.OrderedDict': {
      const pairs = args[0] ?? []
      if (!Array.isArray(pairs)) throw new PickleError('makes an OrderedDict of something that is no list')
      return new Map(pairs.map(pair => (Array.isArray(pair) ? [pair[0] ?? null, pair[1] ?? null] : [null, null])))
    }
    case 'torch.Size':
      return args[0] ?? []
    case 'torch._utils._rebuild_parameter':
      return args[0] ?? null
    case 'torch._utils._rebuild_tensor':
    case 'torch._utils._rebuild_tensor_v2':
      return tensor(args, undefined)
    case 'torch._utils._rebuild_tensor_v3':
      return tensor(args, args[6])
    default:
      throw new PickleError(`calls the Python name "${callee.name}"`)
  }
}

function tensor(args: readonly Pickled[], dtypeName: Pickled | undefined): PickledTensor {
  const [block, offset, shape, strides] = args
  const dtype = isNamed(dtypeName) ? DTYPES[dtypeName.name.slice(6)] : isStorage(block) ? block.dtype : undefined
  if (!isStorage(block) || dtype === undefined || !isSize(offset) || !isSizes(shape) || !isSizes(strides)) {
    throw new PickleError('makes a tensor of something that is no storage, offset, size and stride')
  }
  return { kind: 'tensor', storage: block, dtype, offset, shape, strides }
}

/** torch's persistent id: ('storage', class, key, device, size), in old files a view as a sixth. */
export function storage(id: Pickled): Storage {
  const [tag, type, key, , size, view] = Array.isArray(id) ? id : []
  if (tag !== 'storage' || !isNamed(type) || typeof key !== 'string' || !isSize(size)) {
    throw new PickleError('has a persistent id that is no storage')
  }
  if (view !== undefined && view !== null) throw new PickleError('shares a storage through a view, as torch 0.1 did,')
  return { kind: 'storage', key, dtype: STORAGES[type.name.slice(6)], size }
}

const isKind = (value: Pickled | undefined): value is Storage | PickledTensor | Named =>
  typeof value === 'object' && value !== null && 'kind' in value
const isNamed = (value: Pickled | undefined): value is Named =>
  isKind(value) && (value.kind === 'global' || value.kind === 'inert')
const isStorage = (value: Pickled | undefined): value is Storage => isKind(value) && value.kind === 'storage'
export const isTensor = (value: Pickled | undefined): value is PickledTensor => isKind(value) && value.kind === 'tensor'
const isSize = (value: Pickled | undefined): value is number => Number.isSafeInteger(value) && Number(value) >= 0
const isSizes = (value: Pickled | undefined): value is number[] => Array.isArray(value) && value.every(isSize)
