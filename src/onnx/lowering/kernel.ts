import type { Value } from '../types.js'
import type { PlainOps } from './lowering.js'

/** The weight of a 3×3 convolution. */
export interface Kernel3x3 {
  out: number
  in: number
  /**
   * The weight [out, in, 3, 3], in a shape of as many values. Asked of the file and not of a node: what ONNX Runtime folds of
   * constants on its way to others stays in memory until the session is there.
   */
  as(shape: readonly number[]): Value
}

/** Convolution that keeps the size. */
export function directConv3x3(g: PlainOps, x: Value, kernel: Kernel3x3, bias?: Value): Value {
  return g.conv2d(x, kernel.as([kernel.out, kernel.in, 3, 3]), bias, { padding: 1 })
}
