/** Element types of model files: their sizes and their way to 32-bit floats. */
import type { DType } from '../checkpoint.js'

export const DTYPE_BYTES: Readonly<Record<DType, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
}

/** Values of a tensor as its file has them. */
export type TensorData =
  | Float64Array
  | Float32Array
  | Uint16Array
  | Uint8Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array

/** Number of elements; 1 for a scalar's empty shape. */
export const elementCount = (shape: readonly number[]): number => shape.reduce((product, dim) => product * dim, 1)

/** The bytes as the typed array of their dtype's size; half floats and eighth floats stay bits. */
export function typedArray(dtype: DType, bytes: Uint8Array): TensorData {
  const { buffer, byteOffset, byteLength } = aligned(bytes, DTYPE_BYTES[dtype])
  const count = byteLength / DTYPE_BYTES[dtype]
  switch (dtype) {
    case 'F64':
      return new Float64Array(buffer, byteOffset, count)
    case 'F32':
      return new Float32Array(buffer, byteOffset, count)
    case 'F16':
    case 'BF16':
      return new Uint16Array(buffer, byteOffset, count)
    case 'I64':
      return new BigInt64Array(buffer, byteOffset, count)
    case 'I32':
      return new Int32Array(buffer, byteOffset, count)
    case 'I16':
      return new Int16Array(buffer, byteOffset, count)
    case 'I8':
      return new Int8Array(buffer, byteOffset, count)
    default:
      return new Uint8Array(buffer, byteOffset, count)
  }
}

const aligned = (bytes: Uint8Array, size: number): Uint8Array =>
  bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes)

/** The values as 32-bit floats. */
export function toFloats(dtype: DType, bytes: Uint8Array): Float32Array {
  const data = typedArray(dtype, bytes)
  if (data instanceof Float32Array) return data.slice()
  if (data instanceof BigInt64Array) return Float32Array.from(data, Number)
  const table = FLOAT_TABLES[dtype]?.()
  if (table === undefined) return Float32Array.from(data)
  const result = new Float32Array(data.length)
  // One loop a kind of array: a loop that meets several is slow.
  if (data instanceof Uint16Array) for (let i = 0; i < data.length; i++) result[i] = table[data[i] as number] as number
  else for (let i = 0; i < data.length; i++) result[i] = table[data[i] as number] as number
  return result
}

/** Values of all bit patterns of the small floats. A table is faster than arithmetic and has no special cases. */
const FLOAT_TABLES: Partial<Record<DType, () => Float32Array>> = {
  F16: once(() => smallFloats({ exponentBits: 5, mantissaBits: 10, infinities: true })),
  BF16: once(() => smallFloats({ exponentBits: 8, mantissaBits: 7, infinities: true })),
  F8_E5M2: once(() => smallFloats({ exponentBits: 5, mantissaBits: 2, infinities: true })),
  // "fn": no infinities, the all-ones pattern alone is NaN (Micikevicius et al. 2022, arXiv:2209.05433).
  F8_E4M3: once(() => smallFloats({ exponentBits: 4, mantissaBits: 3, infinities: false })),
}

function smallFloats(format: { exponentBits: number; mantissaBits: number; infinities: boolean }): Float32Array {
  const { exponentBits, mantissaBits, infinities } = format
  const bias = 2 ** (exponentBits - 1) - 1
  const topExponent = 2 ** exponentBits - 1
  const topMantissa = 2 ** mantissaBits - 1
  const half = 2 ** (exponentBits + mantissaBits)
  const values = new Float32Array(2 * half)
  for (let bits = 0; bits < half; bits++) {
    const exponent = bits >> mantissaBits
    const mantissa = bits & topMantissa
    const fraction = mantissa / 2 ** mantissaBits
    let value = exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias)
    if (infinities && exponent === topExponent) value = mantissa === 0 ? Number.POSITIVE_INFINITY : Number.NaN
    if (!infinities && bits === half - 1) value = Number.NaN
    values[bits] = value
    values[half + bits] = -value
  }
  return values
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}
