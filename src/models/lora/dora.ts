/** DoRA (Liu et al. 2024, arXiv:2402.09353) as ComfyUI computes it (comfy/weight_adapter/base.py, `weight_decompose`). */

export interface DoraInput {
  /** rows×columns×kernel, changed in place. */
  weight: Float32Array
  /** ΔW, alpha applied. */
  delta: Float32Array
  /** One number a column (input channel), or a row (output channel) when `byRow`. */
  magnitude: Float32Array
  byRow: boolean
  rows: number
  columns: number
  strength: number
}

/** torch.finfo(float32).eps */
const EPSILON = 2 ** -23

/**
 * Moves the weight by `strength` towards (W + ΔW) · magnitude / norm. With magnitudes by input the norm is that of the
 * changed weight's columns; with magnitudes by output it is that of the rows of the weight as it was.
 */
export function applyDora({ weight, delta, magnitude, byRow, rows, columns, strength }: DoraInput): void {
  const kernel = weight.length / (rows * columns)
  const axis = byRow
    ? (i: number) => Math.floor(i / (columns * kernel))
    : (i: number) => Math.floor(i / kernel) % columns
  const changed = weight.map((value, i) => value + (delta[i] as number))
  const squares = new Float64Array(byRow ? rows : columns)
  const measured = byRow ? weight : changed
  for (let i = 0; i < measured.length; i++) {
    const value = measured[i] as number
    squares[axis(i)] = (squares[axis(i)] as number) + value * value
  }
  const factors = squares.map((square, i) => (magnitude[i] as number) / (Math.sqrt(square) + EPSILON))
  for (let i = 0; i < weight.length; i++) {
    const value = weight[i] as number
    weight[i] = value + strength * ((changed[i] as number) * (factors[axis(i)] as number) - value)
  }
}
