import { product, showShape } from '../dims.js'
import type { Value } from '../types.js'
import { directConv3x3, type Kernel3x3 } from './kernel.js'
import type { PlainOps } from './lowering.js'

/** Channels from which on four small convolutions and the interleaving of what they give take less time than one large. */
const WIDE = 256

/** Doubles the picture and convolves it. */
export function upsampleConv(g: PlainOps, x: Value, kernel: Kernel3x3, bias: Value): Value {
  return directConv3x3(g, g.upsample2x(x), kernel, bias)
}

/**
 * The same with four ninths of the multiplications. Of a doubled picture, the nine taps of a 3×3 kernel see four pixels of the
 * small one, which four depends on whether row and column are even: four 2×2 kernels of sums of taps give a quarter of the
 * pixels each (Shi et al. 2016, arXiv:1609.07009).
 */
export function subPixelConv(g: PlainOps, x: Value, kernel: Kernel3x3, bias: Value): Value {
  const { out, in: inner } = kernel
  if (Math.min(out, inner) < WIDE) return upsampleConv(g, x, kernel, bias)
  const [n, , h, w] = x.shape
  if (n === undefined || h === undefined || w === undefined) {
    return g.fail(`a picture of [n, c, h, w] is doubled, got ${showShape(x.shape)}`)
  }
  const taps = kernel.as([out, inner, 1, 9])
  const quarters = [0, 1].flatMap(row =>
    [0, 1].map(column => {
      const sums = g.cast(g.tensor(`upsample.sums(${row},${column})`, tapSums(row, column), [9, 4]), taps.dtype)
      const small = g.reshape(g.matmul(taps, sums), [out, inner, 2, 2])
      return g.conv2d(x, small, bias, { padding: [1 - row, 1 - column, row, column] })
    }),
  )
  return g.node(
    {
      op: 'DepthToSpace',
      inputs: [g.concat(quarters, 1)],
      attributes: { blocksize: { int: 2 }, mode: { text: 'DCR' } },
    },
    { dtype: x.dtype, shape: [n, out, product([2, h]), product([2, w])] },
  )
}

/** Pixels of the small picture that the three taps see from an even and from an odd position, 0 or 1. */
const SEEN = [
  [0, 1, 1],
  [0, 0, 1],
] as const

/** [9, 4]: which of the nine taps see which of the four pixels. */
function tapSums(row: number, column: number): Float32Array {
  const sums = new Float32Array(36)
  SEEN[row]?.forEach((r, i) => {
    SEEN[column]?.forEach((c, j) => {
      sums[4 * (3 * i + j) + 2 * r + c] = 1
    })
  })
  return sums
}
