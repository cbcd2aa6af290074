import { castTo } from '../core.js'
import { type Dim, showShape } from '../dims.js'
import type { DType } from '../dtypes.js'
import type { GraphCore, Value } from '../types.js'

export interface ElementwiseOps {
  /** Sum, difference, product, quotient, the larger: shapes are broadcast as numpy does. */
  add(a: Value, b: Value): Value
  sub(a: Value, b: Value): Value
  mul(a: Value, b: Value): Value
  div(a: Value, b: Value): Value
  max(a: Value, b: Value): Value
  sqrt(x: Value): Value
  sigmoid(x: Value): Value
  sin(x: Value): Value
  cos(x: Value): Value
  /** The same values in another type, rounded where it has fewer. */
  cast(x: Value, dtype: DType): Value
  /** fp32 values rounded to the nearest half floats. */
  roundToHalf(x: Value): Value
}

export function elementwiseOps(core: GraphCore): ElementwiseOps {
  const unary = (op: string) => (x: Value) => core.node({ op, inputs: [x] }, x)
  const binary = (op: string) => (a: Value, b: Value) => {
    if (a.dtype !== b.dtype) core.fail(`${op} expects one type of element, got ${a.dtype} and ${b.dtype}`)
    const shape = broadcast(a.shape, b.shape)
    if (shape === undefined) return core.fail(`${op} cannot combine ${showShape(a.shape)} and ${showShape(b.shape)}`)
    return core.node({ op, inputs: [a, b] }, { dtype: a.dtype, shape })
  }
  const cast = (x: Value, dtype: DType) => (x.dtype === dtype ? x : core.node(castTo(dtype, x), { ...x, dtype }))
  return {
    add: binary('Add'),
    sub: binary('Sub'),
    mul: binary('Mul'),
    div: binary('Div'),
    max: binary('Max'),
    sqrt: unary('Sqrt'),
    sigmoid: unary('Sigmoid'),
    sin: unary('Sin'),
    cos: unary('Cos'),
    cast,
    roundToHalf: x => cast(cast(x, 'float16'), 'float32'),
  }
}

/** The shape of two tensors that are aligned at their last dimension; undefined where they do not fit. */
function broadcast(a: readonly Dim[], b: readonly Dim[]): Dim[] | undefined {
  const rank = Math.max(a.length, b.length)
  const shape: Dim[] = []
  for (let i = 0; i < rank; i++) {
    const left = a[i - rank + a.length] ?? 1
    const right = b[i - rank + b.length] ?? 1
    if (left !== right && left !== 1 && right !== 1) return undefined
    shape.push(left === 1 ? right : left)
  }
  return shape
}
