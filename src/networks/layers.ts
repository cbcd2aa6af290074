/** The layers that have weights: the only places where a tensor of a checkpoint meets an operator. */
import { type Conv2dOptions, type Graph, type Kernel3x3, product, type Value } from '../onnx/index.js'
import { addBesideConv, addBesideLinear, mergeInto } from './lora.js'
import { parameter, type Weights } from './weights.js'

/** Fully connected layer of rows [rows, in]. A 1×1 convolution's weight serves as well. */
export function linear(g: Graph, x: Value, w: Weights): Value {
  return g.scope(w.name, () => {
    const [out = 0, inner = 0] = w.tensor('weight').shape
    const bias = w.has('bias') ? parameter(g, w, 'bias') : undefined
    const weight = mergeInto(g, parameter(g, w, 'weight', [out, inner]), w)
    return addBesideLinear(g, g.linear(x, weight, bias), x, w)
  })
}

/** Convolution of [n, c, h, w]. */
export function conv(g: Graph, x: Value, w: Weights, options?: Conv2dOptions): Value {
  return g.scope(w.name, () => {
    const bias = w.has('bias') ? parameter(g, w, 'bias') : undefined
    return addBesideConv(g, g.conv2d(x, parameter(g, w, 'weight'), bias, options), x, w, options)
  })
}

/** 3×3 convolution that keeps the size. */
export function conv3x3(g: Graph, x: Value, w: Weights): Value {
  return g.scope(w.name, () => {
    const bias = w.has('bias') ? parameter(g, w, 'bias') : undefined
    return addBesideConv(g, g.conv3x3(x, kernel3x3(g, w), bias), x, w, { padding: 1 })
  })
}

function kernel3x3(g: Graph, w: Weights): Kernel3x3 {
  const [out = 0, inner = 0] = w.tensor('weight').shape
  return { out, in: inner, as: shape => parameter(g, w, 'weight', shape) }
}

/**
 * 3×3 convolution of `x`, its pixels repeated until it has the size of `like`.
 *
 * @param like @default twice the size of `x`
 */
export function upsampleConv3x3(g: Graph, x: Value, w: Weights, like?: Value): Value {
  const doubles = like === undefined || [2, 3].every(axis => like.shape[axis] === product([2, x.shape[axis] ?? 0]))
  // The factors of a LoRA stand beside a convolution of the upsampled picture.
  if (!doubles || w.lora !== undefined) {
    return conv3x3(g, like === undefined ? g.upsample2x(x) : g.resizeNearest(x, like), w)
  }
  return g.scope(w.name, () => g.upsampleConv(x, kernel3x3(g, w), parameter(g, w, 'bias')))
}

/** Group normalization of [n, c, h, w]: 32 groups in every network here. */
export function groupNorm(g: Graph, x: Value, w: Weights, epsilon: number): Value {
  return g.scope(w.name, () => {
    const shape = [...w.tensor('weight').shape, 1, 1]
    return g.groupNorm(x, parameter(g, w, 'weight', shape), parameter(g, w, 'bias', shape), { groups: 32, epsilon })
  })
}

/** Layer normalization of the last axis, epsilon 1e-5 as PyTorch's default. */
export function layerNorm(g: Graph, x: Value, w: Weights): Value {
  return g.scope(w.name, () => g.layerNorm(x, parameter(g, w, 'weight'), parameter(g, w, 'bias'), 1e-5))
}
