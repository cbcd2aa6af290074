import { type Dim, product, showShape, windows } from '../dims.js'
import type { GraphCore, Value } from '../types.js'
import type { LayoutOps } from './layout.js'

type Pads = readonly [top: number, left: number, bottom: number, right: number]

export interface Conv2dOptions {
  /** @default 1 */
  stride?: number
  /** Zeros (or the opposite edge, where the graph wraps) on each side, or at the top, left, bottom and right. @default 0 */
  padding?: number | Pads
}

export interface ConvolutionOptions {
  /** Convolutions pad with the opposite edge of the picture instead of zeros. */
  wrap: boolean
  /** Convolutions are computed with the channels as the last axis, by an operator that only CUDA has. */
  channelsLast: boolean
}

/** Operators that multiply, average or interpolate. */
export interface ComputeOps {
  /** How this view of the graph convolves. */
  readonly convolutions: ConvolutionOptions
  /** `x · weightᵀ + bias` of `x` [rows, in]; the weight is [out, in]. */
  linear(x: Value, weight: Value, bias?: Value): Value
  /** The last axis of `a` [..., k] times the matrix `b` [k, m]: [..., m]. */
  matmul(a: Value, b: Value): Value
  /** Convolution of `x` [n, in, h, w] with a weight [out, in, kh, kw]. */
  conv2d(x: Value, weight: Value, bias?: Value, options?: Conv2dOptions): Value
  /** Adds zeros below and to the right of `x` [n, c, h, w]. */
  padBottomRight(x: Value, pixels: number): Value
  /** Normalizes the last axis. */
  layerNorm(x: Value, weight: Value, bias: Value, epsilon: number): Value
  /** Repeats each pixel of `x` [n, c, h, w] twice in both directions. */
  upsample2x(x: Value): Value
  /** `x` [n, c, h, w] at the height and width of `like`: each pixel is that of `x` at floor(position · ratio). */
  resizeNearest(x: Value, like: Value): Value
}

export function computeOps(core: GraphCore & LayoutOps, convolutions: ConvolutionOptions): ComputeOps {
  const { wrap, channelsLast } = convolutions

  function image(op: string, { shape }: Value): { n: Dim; c: Dim; h: Dim; w: Dim } {
    const [n, c, h, w] = shape
    if (shape.length !== 4 || n === undefined || c === undefined || h === undefined || w === undefined) {
      return core.fail(`${op} expects [n, c, h, w], got ${showShape(shape)}`)
    }
    return { n, c, h, w }
  }

  function checkBias(op: string, bias: Value | undefined, out: Dim): void {
    if (bias !== undefined && bias.shape.join() !== String(out)) {
      core.fail(`${op} expects a bias of [${out}], got ${showShape(bias.shape)}`)
    }
  }

  /** `mode` is that of ONNX's Pad; pads are pixels at [top, left, bottom, right]. */
  function pad(x: Value, mode: 'constant' | 'wrap', pads: Pads): Value {
    const { n, c, h, w } = image('Pad', x)
    const [top, left, bottom, right] = pads
    const shape = [
      n,
      c,
      windows(h, { kernel: 1, stride: 1, padding: top + bottom }),
      windows(w, { kernel: 1, stride: 1, padding: left + right }),
    ]
    return core.node(
      {
        op: 'Pad',
        inputs: [x, core.ints([0, 0, top, left, 0, 0, bottom, right])],
        attributes: { mode: { text: mode } },
      },
      { dtype: x.dtype, shape },
    )
  }

  return {
    convolutions,

    linear(x, weight, bias) {
      const [rows, inner] = x.shape
      const [out, width] = weight.shape
      if (rows === undefined || out === undefined || inner !== width || x.shape.length + weight.shape.length !== 4) {
        return core.fail(
          `Gemm expects [rows, in] and [out, in], got ${showShape(x.shape)} and ${showShape(weight.shape)}`,
        )
      }
      checkBias('Gemm', bias, out)
      return core.node(
        { op: 'Gemm', inputs: [x, weight, bias], attributes: { transB: { int: 1 } } },
        { dtype: x.dtype, shape: [rows, out] },
      )
    },

    matmul(a, b) {
      const [inner, columns] = b.shape
      if (inner === undefined || columns === undefined || b.shape.length !== 2 || a.shape.at(-1) !== inner) {
        return core.fail(`MatMul expects [..., k] and [k, m], got ${showShape(a.shape)} and ${showShape(b.shape)}`)
      }
      return core.node({ op: 'MatMul', inputs: [a, b] }, { dtype: a.dtype, shape: [...a.shape.slice(0, -1), columns] })
    },

    conv2d(x, weight, bias, { stride = 1, padding = 0 } = {}) {
      const { n, c, h, w } = image('Conv', x)
      const [out, inner, kh, kw] = weight.shape
      if (out === undefined || inner !== c || typeof kh !== 'number' || typeof kw !== 'number') {
        return core.fail(`Conv expects a weight of [out, ${c}, kh, kw], got ${showShape(weight.shape)}`)
      }
      checkBias('Conv', bias, out)
      const pads: Pads = typeof padding === 'number' ? [padding, padding, padding, padding] : padding
      const [top, left, bottom, right] = pads
      const wrapped = wrap && pads.some(pixels => pixels > 0)
      const input = wrapped ? pad(x, 'wrap', pads) : x
      const attributes = {
        kernel_shape: { ints: [kh, kw] },
        strides: { ints: [stride, stride] },
        pads: { ints: wrapped ? [0, 0, 0, 0] : pads },
      }
      const rows = windows(h, { kernel: kh, stride, padding: top + bottom })
      const columns = windows(w, { kernel: kw, stride, padding: left + right })
      // Factors of LoRAs have any rank, also none; those stay with the operator that takes it.
      if (channelsLast && weight.shape.every(dim => typeof dim === 'number')) {
        const last = (value: Value) => core.transpose(value, [0, 2, 3, 1])
        const convolved = core.node(
          { op: 'NhwcConv', domain: 'com.microsoft', inputs: [last(input), last(weight), bias], attributes },
          { dtype: x.dtype, shape: [n, rows, columns, out] },
        )
        return core.transpose(convolved, [0, 3, 1, 2])
      }
      return core.node(
        { op: 'Conv', inputs: [input, weight, bias], attributes },
        { dtype: x.dtype, shape: [n, out, rows, columns] },
      )
    },

    padBottomRight: (x, pixels) => pad(x, 'constant', [0, 0, pixels, pixels]),

    layerNorm(x, weight, bias, epsilon) {
      const last = String(x.shape.at(-1))
      if (weight.shape.join() !== last || bias.shape.join() !== last) {
        core.fail(`LayerNormalization expects [${last}], got ${showShape(weight.shape)} and ${showShape(bias.shape)}`)
      }
      return core.node(
        {
          op: 'LayerNormalization',
          inputs: [x, weight, bias],
          attributes: { axis: { int: -1 }, epsilon: { float: epsilon } },
        },
        x,
      )
    },

    upsample2x(x) {
      const { n, c, h, w } = image('Resize', x)
      const scales = core.tensor('upsample2x.scales', Float32Array.of(1, 1, 2, 2), [4])
      return core.node(
        { op: 'Resize', inputs: [x, undefined, scales], attributes: nearest },
        { dtype: x.dtype, shape: [n, c, product([2, h]), product([2, w])] },
      )
    },

    resizeNearest(x, like) {
      const { n, c } = image('Resize', x)
      const { h, w } = image('Resize', like)
      const shape = [n, c, h, w]
      const sizes = core.node(
        {
          op: 'Concat',
          inputs: shape.map(dim => (typeof dim === 'number' ? core.ints([dim]) : core.size(dim))),
          attributes: { axis: { int: 0 } },
        },
        { dtype: 'int64', shape: [4] },
      )
      return core.node(
        { op: 'Resize', inputs: [x, undefined, undefined, sizes], attributes: nearest },
        { dtype: x.dtype, shape },
      )
    },
  }
}

const nearest = {
  mode: { text: 'nearest' },
  coordinate_transformation_mode: { text: 'asymmetric' },
  nearest_mode: { text: 'floor' },
} as const
