import { isMultipleOf, showShape, windows } from '../dims.js'
import type { Value } from '../types.js'
import { directConv3x3, type Kernel3x3 } from './kernel.js'
import type { PlainOps } from './lowering.js'

/** Channels from which on fewer multiplications save more time than the sums beside them take. */
const WIDE = 256

/** Pairs of channels up to which the four kernels, a third larger than the one, are worth their memory: pictures there are large. */
const LARGEST = 2 ** 20

/**
 * 3×3 convolution with two thirds of the multiplications: F(2, 3) of Winograd (1980; Lavin and Gray 2016, arXiv:1509.09308) along the height.
 * Of the rows d₋₁ d₀ d₁ d₂ around a pair of rows and the three rows of a kernel g,
 *
 *     m₁ = (d₋₁ − d₁)·g₀   m₂ = (d₀ + d₁)·(g₀ + g₁ + g₂)/2   m₃ = (d₁ − d₀)·(g₀ − g₁ + g₂)/2   m₄ = (d₀ − d₂)·g₂
 *     upper = m₁ + m₂ + m₃   lower = m₂ − m₃ − m₄
 *
 * where each product is a convolution along the width. Coefficients are no larger than 1: it is as exact as the direct sum.
 */
export function winogradConv3x3(g: PlainOps, x: Value, kernel: Kernel3x3, bias?: Value): Value {
  const { out, in: inner } = kernel
  const [n, c, h, w] = x.shape
  if (n === undefined || c === undefined || h === undefined || w === undefined) {
    return g.fail(`a picture of [n, c, h, w] is convolved, got ${showShape(x.shape)}`)
  }
  const pays = Math.min(out, inner) >= WIDE && out * inner <= LARGEST
  if (!pays || !isMultipleOf(h, 2) || g.convolutions.wrap || x.dtype !== 'float32') {
    return directConv3x3(g, x, kernel, bias)
  }
  const half = windows(h, { kernel: 1, stride: 2, padding: 0 })
  const everyOther = (start: number) =>
    g.node(
      { op: 'Slice', inputs: [x, g.ints([start]), g.ints([Number.MAX_SAFE_INTEGER]), g.ints([2]), g.ints([2])] },
      { dtype: x.dtype, shape: [n, c, half, w] },
    )
  /** Rows one place down or up; zeros come in. */
  const moved = (value: Value, down: 1 | -1) =>
    g.node(
      {
        op: 'Pad',
        inputs: [value, g.ints([0, 0, down, 0, 0, 0, -down, 0])],
        attributes: { mode: { text: 'constant' } },
      },
      value,
    )
  const [upper, lower] = [everyOther(0), everyOther(1)]
  const taps = kernel.as([out, inner, 1, 9])
  const products = [
    g.sub(moved(lower, 1), lower),
    g.add(upper, lower),
    g.sub(lower, upper),
    g.sub(upper, moved(upper, -1)),
  ].map((sum, i) => {
    const along = g.matmul(taps, g.tensor(`winograd(${i})`, kernelRows(i), [9, 3]))
    // The bias is a part of m₂, which both rows have.
    return g.conv2d(sum, along, i === 1 ? bias : undefined, { padding: [0, 1, 0, 1] })
  })
  const [m1, m2, m3, m4] = products as [Value, Value, Value, Value]
  const pairs = g.concat([g.add(g.add(m1, m2), m3), g.sub(g.sub(m2, m3), m4)], 3)
  return g.reshape(pairs, [n, out, h, w])
}

/** How much of each row of a kernel is in the kernels of the four products. */
const KERNELS = [
  [1, 0, 0],
  [0.5, 0.5, 0.5],
  [0.5, -0.5, 0.5],
  [0, 0, 1],
] as const

/** [9, 3]: what the nine taps give to three. */
function kernelRows(product: number): Float32Array {
  const matrix = new Float32Array(27)
  KERNELS[product]?.forEach((share, row) => {
    for (let column = 0; column < 3; column++) matrix[3 * (3 * row + column) + column] = share
  })
  return matrix
}
