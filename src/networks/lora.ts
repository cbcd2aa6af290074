/** LoRA (Hu et al. 2021, arXiv:2106.09685) inside a graph: the factors of every layer are inputs, of any rank. */
import type { Checkpoint, TensorEntry } from '../models/checkpoint.js'
import type { Conv2dOptions, Graph, Value } from '../onnx/index.js'
import { type Weights, weightsOf } from './weights.js'

/** A layer whose factors are inputs of a graph. */
export interface LoraLayer {
  /** Name of its weight, without `.weight`. */
  path: string
  /** Names of the inputs. */
  down: string
  up: string
  in: number
  out: number
  /** Height and width of the kernel of a convolution; nothing where the layer multiplies a matrix. */
  kernel: readonly number[]
  /** Where its own weight is, in the checkpoint. */
  weight: TensorEntry
}

/** The factors of a layer in a graph: up·down changes its weight. */
export interface LoraFactors {
  /** [rank, in], or [rank, in, kh, kw] of a convolution. */
  down: Value
  /** [out, rank], or [out, rank, 1, 1]. */
  up: Value
  /**
   * The weight itself is changed and rounded to half floats when the graph runs, as ComfyUI's text encoders have it;
   * otherwise the product stands beside the layer, which costs less.
   */
  merge: boolean
}

type Tensors = Pick<Checkpoint, 'file' | 'tensors'>

/** The layers under a prefix that LoRAs may change: matrices, or convolutions as well. */
export function layersUnder({ tensors }: Tensors, prefix: string, kinds: 'linear' | 'all'): LoraLayer[] {
  const layers: LoraLayer[] = []
  for (const [name, weight] of tensors) {
    const { shape } = weight
    if (!name.startsWith(prefix) || !name.endsWith('.weight') || (shape.length !== 2 && shape.length !== 4)) continue
    const path = name.slice(0, -'.weight'.length)
    // Tables of tokens and positions are looked up, not multiplied with.
    if (path.endsWith('_embedding')) continue
    // SD1's projections into and out of transformers are 1×1 kernels in the file and matrices in the graph.
    const kernel = /\.proj_(in|out)$/.test(path) ? [] : shape.slice(2)
    const [out = 0, inner = 0] = shape
    if (kinds === 'linear' && kernel.length > 0) continue
    layers.push({ path, down: `lora:${path}:down`, up: `lora:${path}:up`, in: inner, out, kernel, weight })
  }
  return layers
}

/**
 * Adds the inputs of all layers' factors. The rank of each layer is free: 0 where a job's LoRAs leave it alone, the sum of
 * their ranks where several change it.
 *
 * @returns the place of the tensors, at which the layers find their factors
 */
export function withLoraInputs(
  g: Graph,
  tensors: Tensors,
  { prefix, layers, merge }: { prefix: string; layers: readonly LoraLayer[]; merge: boolean },
): Weights {
  const factors = new Map<string, LoraFactors>()
  for (const { path, down, up, in: inner, out, kernel } of layers) {
    const rank = `rank${factors.size}`
    factors.set(path, {
      down: g.cast(g.input(down, 'float32', [rank, inner, ...kernel]), g.compute),
      up: g.cast(g.input(up, 'float32', [out, rank, ...kernel.map(() => 1)]), g.compute),
      merge,
    })
  }
  return weightsOf(tensors, prefix, undefined, factors)
}

/** The weight [out, in] of a layer, changed where its factors are to be merged. */
export function mergeInto(g: Graph, weight: Value, { lora }: Weights): Value {
  return lora?.merge ? g.roundToHalf(g.add(weight, g.matmul(lora.up, lora.down))) : weight
}

/** `y + up·(down·x)`: the result of a layer whose factors stand beside it. */
export function addBesideLinear(g: Graph, y: Value, x: Value, { lora }: Weights): Value {
  return lora === undefined || lora.merge ? y : g.add(y, g.linear(g.linear(x, lora.down), lora.up))
}

/** The same of a convolution. */
export function addBesideConv(g: Graph, y: Value, x: Value, { lora }: Weights, options?: Conv2dOptions): Value {
  return lora === undefined ? y : g.add(y, g.conv2d(g.conv2d(x, lora.down, undefined, options), lora.up))
}
