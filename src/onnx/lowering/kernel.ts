import type { Value } from '../types.js'
import type { PlainOps } from './lowering.js'

/** The weight of a 3×3 convolution. */
export interface Kernel3x3 {
  out: number
  in: number
  /**
   * The weight [out, in, 3, 3] in a shape of as many values, read from the file that way: a node that reshaped it would cost its memory
   * once more, as ONNX Runtime keeps all that it folds until the session is there.
   */
  as(shape: readonly number[]): Value
}

/** Convolution that keeps the size. */
export function directConv3x3(g: PlainOps, x: Value, kernel: Kernel3x3, bias?: Value): Value {
  return g.conv2d(x, kernel.as([kernel.out, kernel.in, 3, 3]), bias, { padding: 1 })
}
