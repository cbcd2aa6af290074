import { type Dim, product, showShape, sum } from '../dims.js'
import type { GraphCore, Value } from '../types.js'

/** Operators that move values without changing them. */
export interface LayoutOps {
  /** The same values in another shape of equal size. */
  reshape(x: Value, shape: readonly Dim[]): Value
  /** Axis `i` of the result is axis `order[i]` of `x`. */
  transpose(x: Value, order: readonly number[]): Value
  concat(values: readonly Value[], axis: number): Value
  /** Cuts an axis into pieces of these sizes. */
  split(x: Value, sizes: readonly number[], axis: number): Value[]
  /** The part of an axis from `start` up to, not including, `end`. */
  slice(x: Value, range: { axis: number; start: number; end: number }): Value
  /** Rows of each batch entry of `x` [n, s, d] at `index` int64 [n]: [n, d]. */
  gatherRows(x: Value, index: Value): Value
}

export function layoutOps(core: GraphCore): LayoutOps {
  const shapes = new Map<string, Value>()

  /** The second input of Reshape: 0 keeps a size, −1 is whatever is left, others are read from tensors that have them. */
  function target(from: readonly Dim[], to: readonly Dim[]): Value {
    const unknown = to.flatMap((dim, i) => (typeof dim === 'string' && dim !== from[i] ? [i] : []))
    const inferred = unknown.find(i => String(to[i]).includes('*')) ?? unknown.at(-1)
    const parts = to.map((dim, i) => {
      if (i === inferred) return -1
      return typeof dim === 'string' && dim === from[i] ? 0 : dim
    })
    const key = parts.join()
    const known = shapes.get(key)
    if (known !== undefined) return known
    const numbers = parts.filter(part => typeof part === 'number')
    const value =
      numbers.length === parts.length
        ? core.ints(numbers)
        : core.node(
            {
              op: 'Concat',
              inputs: parts.map(part => (typeof part === 'number' ? core.ints([part]) : core.size(part))),
              attributes: { axis: { int: 0 } },
            },
            { dtype: 'int64', shape: [parts.length] },
          )
    shapes.set(key, value)
    return value
  }

  function checkAxis(op: string, x: Value, axis: number): Dim {
    return x.shape[axis] ?? core.fail(`${op} expects an axis of ${showShape(x.shape)}, got ${axis}`)
  }

  return {
    reshape(x, shape) {
      if (shape.join() === x.shape.join()) return x
      if (product(shape) !== product(x.shape)) {
        core.fail(`Reshape cannot make ${showShape(shape)} of ${showShape(x.shape)}`)
      }
      return core.node({ op: 'Reshape', inputs: [x, target(x.shape, shape)] }, { dtype: x.dtype, shape })
    },

    transpose(x, order) {
      if ([...order].sort((a, b) => a - b).join() !== [...x.shape.keys()].join()) {
        core.fail(`Transpose expects each axis of ${showShape(x.shape)} once, got [${order.join(', ')}]`)
      }
      const shape = order.map(axis => checkAxis('Transpose', x, axis))
      return core.node(
        { op: 'Transpose', inputs: [x], attributes: { perm: { ints: order } } },
        { dtype: x.dtype, shape },
      )
    },

    concat(values, axis) {
      const [first] = values
      if (first === undefined) return core.fail('Concat expects something to join, got nothing')
      const others = (x: Value) => [x.dtype, ...x.shape.map((dim, i) => (i === axis ? '' : dim))].join()
      const misfit = values.find(x => others(x) !== others(first))
      if (misfit)
        core.fail(`Concat on axis ${axis} cannot join ${showShape(first.shape)} and ${showShape(misfit.shape)}`)
      const joined = sum(values.map(x => checkAxis('Concat', x, axis)))
      return core.node(
        { op: 'Concat', inputs: values, attributes: { axis: { int: axis } } },
        { dtype: first.dtype, shape: first.shape.with(axis, joined) },
      )
    },

    split(x, sizes, axis) {
      if (sum(sizes) !== checkAxis('Split', x, axis)) {
        core.fail(`Split expects sizes that fill axis ${axis} of ${showShape(x.shape)}, got ${sizes.join(' + ')}`)
      }
      return core.nodes(
        { op: 'Split', inputs: [x, core.ints(sizes)], attributes: { axis: { int: axis } } },
        sizes.map(size => ({ dtype: x.dtype, shape: x.shape.with(axis, size) })),
      )
    },

    slice(x, { axis, start, end }) {
      const size = checkAxis('Slice', x, axis)
      if (start < 0 || end <= start || (typeof size === 'number' && end > size)) {
        core.fail(`Slice expects a part of axis ${axis} of ${showShape(x.shape)}, got ${start} to ${end}`)
      }
      return core.node(
        { op: 'Slice', inputs: [x, core.ints([start]), core.ints([end]), core.ints([axis])] },
        { dtype: x.dtype, shape: x.shape.with(axis, end - start) },
      )
    },

    gatherRows(x, index) {
      const [n, , width] = x.shape
      if (n === undefined || width === undefined || x.shape.length !== 3 || index.shape.join() !== String(n)) {
        return core.fail(`GatherND expects [n, s, d] and [n], got ${showShape(x.shape)} and ${showShape(index.shape)}`)
      }
      const indices = core.node({ op: 'Unsqueeze', inputs: [index, core.ints([1])] }, { dtype: 'int64', shape: [n, 1] })
      return core.node(
        { op: 'GatherND', inputs: [x, indices], attributes: { batch_dims: { int: 1 } } },
        { dtype: x.dtype, shape: [n, width] },
      )
    },
  }
}
