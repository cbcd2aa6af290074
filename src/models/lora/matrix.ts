/** The few products that adapters need, row-major, in 32-bit floats. */

/** a (n×inner) · b (inner×m). Rows of b are added up, which reads and writes in memory order. */
export function matmul(a: Float32Array, b: Float32Array, inner: number): Float32Array {
  const rows = a.length / inner
  const columns = b.length / inner
  const result = new Float32Array(rows * columns)
  for (let row = 0; row < rows; row++) {
    const out = result.subarray(row * columns, (row + 1) * columns)
    for (let k = 0; k < inner; k++) {
      const factor = a[row * inner + k] as number
      const start = k * columns
      for (let column = 0; column < columns; column++) {
        out[column] = (out[column] as number) + factor * (b[start + column] as number)
      }
    }
  }
  return result
}

export interface TuckerCore {
  /** rank×rank×kernel */
  values: Float32Array
  ranks: readonly [outer: number, inner: number]
  /** Places of the kernel: 9 for 3×3. */
  kernel: number
}

/** core (outer×inner×kernel) · factor (inner×in) over the inner rank: outer×in×kernel. */
export function expandTucker(
  { values, ranks: [outer, inner], kernel }: TuckerCore,
  factor: Float32Array,
): Float32Array {
  const inputs = factor.length / inner
  const result = new Float32Array(outer * inputs * kernel)
  for (let a = 0; a < outer; a++) {
    for (let b = 0; b < inner; b++) {
      for (let input = 0; input < inputs; input++) {
        const weight = factor[b * inputs + input] as number
        const from = (a * inner + b) * kernel
        const to = (a * inputs + input) * kernel
        for (let k = 0; k < kernel; k++) {
          result[to + k] = (result[to + k] as number) + weight * (values[from + k] as number)
        }
      }
    }
  }
  return result
}

export interface KroneckerFactor {
  /** rows×columns×kernel */
  values: Float32Array
  rows: number
  columns: number
  kernel: number
}

/** Kronecker product; the left factor has no kernel, the right one's is kept. */
export function kron(left: KroneckerFactor, right: KroneckerFactor): Float32Array {
  const { rows, columns, kernel } = right
  const width = left.columns * columns * kernel
  const result = new Float32Array(left.rows * rows * width)
  for (let i = 0; i < left.rows; i++) {
    for (let j = 0; j < left.columns; j++) {
      const factor = left.values[i * left.columns + j] as number
      for (let row = 0; row < rows; row++) {
        const to = (i * rows + row) * width + j * columns * kernel
        const from = row * columns * kernel
        for (let k = 0; k < columns * kernel; k++) result[to + k] = factor * (right.values[from + k] as number)
      }
    }
  }
  return result
}

/** The same array, every value multiplied. */
export function scaleBy(values: Float32Array, factor: number): Float32Array {
  if (factor !== 1) for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) * factor
  return values
}
