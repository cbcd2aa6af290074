import { createCore } from './core.js'
import { cpu } from './lowering/cpu.js'
import { cuda } from './lowering/cuda.js'
import type { Lowering, PlainOps } from './lowering/lowering.js'
import { plain } from './lowering/plain.js'
import { portable } from './lowering/portable.js'
import { type ConvolutionOptions, computeOps } from './ops/compute.js'
import { type ElementwiseOps, elementwiseOps } from './ops/elementwise.js'
import { type LayoutOps, layoutOps } from './ops/layout.js'
import type { ComputeType, GraphCore, Profile } from './types.js'

/** A graph that is being built: nodes and constants are added by calling its operators, `build()` makes a model of them. */
export type Graph = PlainOps & Lowering & { readonly profile: Profile }

export interface GraphOptions {
  /** @default 'cpu' */
  profile?: Profile | undefined
  /** @default 'float32' */
  compute?: ComputeType | undefined
  /** Convolutions pad with the opposite edge of the picture instead of zeros, so that it can be tiled. @default false */
  wrap?: boolean | undefined
}

const lowerings: Record<Profile, (g: PlainOps) => Lowering> = { cpu, portable, plain, cuda }

/** An empty graph. */
export function createGraph({ profile = 'cpu', compute = 'float32', wrap = false }: GraphOptions = {}): Graph {
  const core = createCore(compute)
  const layout = { ...core, ...elementwiseOps(core), ...layoutOps(core) }
  // Tensor cores want the channels last; ONNX Runtime removes the transpositions between one such operator and the next.
  const channelsLast = profile === 'cuda' && compute === 'float16'
  return withConvolutions(layout, profile, { wrap, channelsLast })
}

/** The same graph, in which convolutions that are added through this view pad with zeros. */
export function zeroPadded(g: Graph): Graph {
  return withConvolutions(g, g.profile, { ...g.convolutions, wrap: false })
}

function withConvolutions(g: GraphCore & ElementwiseOps & LayoutOps, profile: Profile, how: ConvolutionOptions): Graph {
  const operators = { ...g, ...computeOps(g, how) }
  return { ...operators, ...lowerings[profile](operators), profile }
}
