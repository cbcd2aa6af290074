import { product, showShape } from '../dims.js'
import { directConv3x3 } from './kernel.js'
import type { Lowering, PlainOps } from './lowering.js'
import { upsampleConv } from './upsample-conv.js'

/**
 * Operators that ONNX Runtime has on every device: attention as one fused operator, group normalization as instance normalization
 * (its own operator takes two to five times as long on a CPU).
 */
export function portable(g: PlainOps): Lowering {
  const lowering: Lowering = {
    groupNorm(x, weight, bias, { groups, epsilon }) {
      const [n, c, h, w] = x.shape
      if (n === undefined || typeof c !== 'number' || h === undefined || w === undefined || c % groups !== 0) {
        return g.fail(`group normalization expects [n, c, h, w] with c in ${groups} groups, got ${showShape(x.shape)}`)
      }
      for (const { shape } of [weight, bias]) {
        if (shape.join() !== [c, 1, 1].join()) {
          g.fail(`group normalization expects a weight and bias of [${c}, 1, 1], got ${showShape(shape)}`)
        }
      }
      // Sums of squares of half floats overflow.
      const grouped = g.reshape(g.cast(x, 'float32'), [n, groups, product([c / groups, h, w])])
      const normalized = g.node(
        {
          op: 'InstanceNormalization',
          inputs: [
            grouped,
            g.tensor(`ones(${groups})`, new Float32Array(groups).fill(1), [groups]),
            g.tensor(`zeros(${groups})`, new Float32Array(groups), [groups]),
          ],
          attributes: { epsilon: { float: epsilon } },
        },
        grouped,
      )
      return g.add(g.mul(g.cast(g.reshape(normalized, x.shape), x.dtype), weight), bias)
    },

    conv3x3: (x, kernel, bias) => directConv3x3(g, x, kernel, bias),

    upsampleConv: (x, kernel, bias) => upsampleConv(g, x, kernel, bias),

    attention({ q, k, v, heads, causal = false, upcast = false }) {
      const width = q.shape.at(-1)
      const fits = [q, k, v].every(({ shape }) => shape.length === 3 && shape[0] === q.shape[0] && shape[2] === width)
      if (!fits || k.shape[1] !== v.shape[1] || typeof width !== 'number' || width % heads !== 0) {
        const shapes = [q, k, v].map(({ shape }) => showShape(shape)).join(', ')
        g.fail(`attention expects [n, s, d] and twice [n, t, d] with d in ${heads} heads, got ${shapes}`)
      }
      const type = upcast ? 'float32' : q.dtype
      const inputs = [q, k, v].map(value => g.cast(value, type))
      const attended = g.node(
        {
          op: 'MultiHeadAttention',
          domain: 'com.microsoft',
          inputs,
          attributes: { num_heads: { int: heads }, ...(causal ? { unidirectional: { int: 1 } } : {}) },
        },
        { dtype: type, shape: q.shape },
      )
      return g.cast(attended, q.dtype)
    },

    silu: x => g.mul(x, g.sigmoid(x)),

    gelu: x => g.node({ op: 'Gelu', inputs: [x] }, x),

    quickGelu: x => g.mul(x, g.sigmoid(g.mul(x, g.cast(g.float(1.702), x.dtype)))),

    geglu(x) {
      const axis = x.shape.length - 1
      const width = x.shape[axis]
      if (typeof width !== 'number' || width % 2 !== 0) {
        return g.fail(`geglu expects an even last axis, got ${showShape(x.shape)}`)
      }
      const [value, gate] = g.split(x, [width / 2, width / 2], axis)
      if (value === undefined || gate === undefined) return g.fail('geglu needs two halves')
      return g.mul(value, lowering.gelu(gate))
    },
  }
  return lowering
}
