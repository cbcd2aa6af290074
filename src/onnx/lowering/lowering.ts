import type { ComputeOps } from '../ops/compute.js'
import type { ElementwiseOps } from '../ops/elementwise.js'
import type { LayoutOps } from '../ops/layout.js'
import type { GraphCore, Value } from '../types.js'
import type { Kernel3x3 } from './kernel.js'

/** Everything that means the same in every profile. */
export type PlainOps = GraphCore & ElementwiseOps & LayoutOps & ComputeOps

export interface GroupNormOptions {
  groups: number
  epsilon: number
}

export interface AttentionInput {
  /** Queries [n, s, d]. */
  q: Value
  /** Keys and values [n, t, d]. */
  k: Value
  v: Value
  heads: number
  /** A position sees itself and those before it. @default false */
  causal?: boolean
  /** Computed in fp32, whatever the graph computes in. @default false */
  upcast?: boolean | undefined
}

/** Operators that each profile makes of other nodes. */
export interface Lowering {
  /** Normalizes groups of channels of `x` [n, c, h, w]; weight and bias are [c, 1, 1]. */
  groupNorm(x: Value, weight: Value, bias: Value, options: GroupNormOptions): Value
  /** 3×3 convolution of `x` [n, in, h, w] that keeps the size. */
  conv3x3(x: Value, kernel: Kernel3x3, bias?: Value): Value
  /** 3×3 convolution of `x` [n, in, h, w], every pixel of it repeated twice in both directions: [n, out, 2h, 2w]. */
  upsampleConv(x: Value, kernel: Kernel3x3, bias: Value): Value
  /** softmax(q·kᵀ / √(d/heads))·v, per head: [n, s, d]. */
  attention(input: AttentionInput): Value
  /** x · sigmoid(x) */
  silu(x: Value): Value
  /** x · Φ(x), by the error function. */
  gelu(x: Value): Value
  /** x · sigmoid(1.702·x) */
  quickGelu(x: Value): Value
  /** Halves of the last axis: the first times gelu of the second. */
  geglu(x: Value): Value
}
