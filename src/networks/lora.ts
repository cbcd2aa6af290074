/** LoRA (Hu et al. 2021, arXiv:2106.09685) beside the layers of a network: its factors are inputs of the graph. */
import type { Checkpoint } from '../models/checkpoint.js'
import type { Conv2dOptions, Graph, Value } from '../onnx/index.js'
import { type Weights, weightsOf } from './weights.js'

/** Which layers have a branch: those that multiply matrices (what most LoRAs change), or the convolutions as well. */
export type LoraLayers = 'linear' | 'all'

/** `y + up·(down·x)` beside a layer `y = W·x`. */
export interface Branch {
  /** [rank, in], or [rank, in, kh, kw] beside a convolution. */
  down: Value
  /** [out, rank], or [out, rank, 1, 1]. */
  up: Value
}

/** Names of the inputs that hold the factors of a layer. */
export const downInput = (layer: string) => `lora:${layer}:down`
export const upInput = (layer: string) => `lora:${layer}:up`

/** A layer of a network that a LoRA may change. */
export interface LoraLayer {
  /** Name of its weight in the checkpoint, without `.weight`. */
  path: string
  in: number
  out: number
  /** Height and width of the kernel of a convolution; nothing where the layer multiplies a matrix. */
  kernel: readonly number[]
}

/** The layers under a prefix of the checkpoint. */
export function loraLayers({ tensors }: Pick<Checkpoint, 'tensors'>, prefix: string, layers: LoraLayers): LoraLayer[] {
  const found: LoraLayer[] = []
  for (const { name, shape } of tensors.values()) {
    if (!name.startsWith(prefix) || !name.endsWith('.weight') || (shape.length !== 2 && shape.length !== 4)) continue
    const path = name.slice(0, -'.weight'.length)
    // SD1's projections into and out of transformers are 1×1 kernels in the file and matrices in the graph.
    const kernel = /\.proj_(in|out)$/.test(path) ? [] : shape.slice(2)
    const [out = 0, inner = 0] = shape
    if (layers === 'all' || kernel.length === 0) found.push({ path, in: inner, out, kernel })
  }
  return found
}

/**
 * Adds the inputs of all branches. The rank of each layer is free: 0 where a job's LoRAs leave the layer alone, the sum of
 * their ranks where several change it.
 *
 * @param checkpoint has the weights of the network, under `prefix`
 * @returns the place of its tensors, at which the layers find their branches
 */
export function withLoraInputs(g: Graph, checkpoint: Checkpoint, prefix: string, layers: LoraLayers): Weights {
  const branches = new Map<string, Branch>()
  for (const { path, in: inner, out, kernel } of loraLayers(checkpoint, prefix, layers)) {
    const rank = `rank${branches.size}`
    branches.set(path, {
      down: g.input(downInput(path), 'float32', [rank, inner, ...kernel]),
      up: g.input(upInput(path), 'float32', [out, rank, ...kernel.map(() => 1)]),
    })
  }
  return weightsOf(checkpoint, prefix, undefined, branches)
}

export function addLinearBranch(g: Graph, y: Value, x: Value, { branch }: Weights): Value {
  return branch === undefined ? y : g.add(y, g.linear(g.linear(x, branch.down), branch.up))
}

export function addConvBranch(g: Graph, y: Value, x: Value, { branch }: Weights, options?: Conv2dOptions): Value {
  return branch === undefined ? y : g.add(y, g.conv2d(g.conv2d(x, branch.down, undefined, options), branch.up))
}
