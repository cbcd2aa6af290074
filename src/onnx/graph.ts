import { UnsupportedError } from '../errors.js'
import { createCore } from './core.js'
import type { Lowering, PlainOps } from './lowering/lowering.js'
import { portable } from './lowering/portable.js'
import { computeOps } from './ops/compute.js'
import { elementwiseOps } from './ops/elementwise.js'
import { layoutOps } from './ops/layout.js'
import type { Profile } from './types.js'

/** A graph that is being built: nodes and constants are added by calling its operators, `build()` makes a model of them. */
export type Graph = PlainOps & Lowering

export interface GraphOptions {
  /** @default 'portable' */
  profile?: Profile | undefined
  /** Convolutions pad with the opposite edge of the picture instead of zeros, so that it can be tiled. @default false */
  wrap?: boolean | undefined
}

const lowerings: Partial<Record<Profile, (g: PlainOps) => Lowering>> = { portable }

/**
 * An empty graph.
 * @throws UnsupportedError for a profile that has no lowering yet
 */
export function createGraph({ profile = 'portable', wrap = false }: GraphOptions = {}): Graph {
  const lower = lowerings[profile]
  if (lower === undefined) throw new UnsupportedError(`graphs of the profile \`${profile}\` cannot be built yet`)
  const core = createCore()
  const layout = { ...core, ...elementwiseOps(core), ...layoutOps(core) }
  const plain = { ...layout, ...computeOps(layout, { wrap }) }
  return { ...plain, ...lower(plain) }
}

/** The same graph, in which convolutions that are added through this view pad with zeros. */
export function zeroPadded(g: Graph): Graph {
  return { ...g, ...computeOps(g, { wrap: false }) }
}
