/** A network of linear layers with ReLU between them: what the Horde prices jobs with, and what `kudos train` makes. */
import { FixtureError } from '../../errors.js'
import type { NpyArray } from './npz.js'

export interface DenseLayer {
  inputs: number
  outputs: number
  /** outputs × inputs, row by row. */
  weights: Float64Array
  bias: Float64Array
}

/** The layers `w0`, `b0`, `w1` … of an npz. @throws FixtureError where they do not fit together */
export function layersOf(arrays: ReadonlyMap<string, NpyArray>, origin: string): DenseLayer[] {
  const layers: DenseLayer[] = []
  for (let i = 0; arrays.has(`w${i}`); i++) {
    const weights = arrays.get(`w${i}`)
    const bias = arrays.get(`b${i}`)
    const [outputs = 0, inputs = 0] = weights?.shape ?? []
    const before = layers.at(-1)
    if (weights === undefined || weights.shape.length !== 2 || bias?.data.length !== outputs) {
      throw new FixtureError(`${origin}: w${i} and b${i} must be a matrix and a vector of as many rows`, {
        hint: 'the arrays of a kudos model are called w0, b0, w1, b1 …',
      })
    }
    if (before !== undefined && before.outputs !== inputs) {
      throw new FixtureError(`${origin}: w${i} takes ${inputs} values, the layer before gives ${before.outputs}`, {
        hint: 'is this a kudos model?',
      })
    }
    layers.push({ inputs, outputs, weights: weights.data, bias: bias.data })
  }
  if (layers.length === 0 || layers.at(-1)?.outputs !== 1) {
    throw new FixtureError(`${origin} holds no kudos model: expected w0, b0 … up to one output`, {
      hint: 'the AI Horde publishes kudos-v21-206.npz with its source',
    })
  }
  return layers
}

/** Runs the network on one row. Values between layers are 32-bit floats, as where it was trained. */
export function forward(layers: readonly DenseLayer[], row: ArrayLike<number>): number {
  let values: ArrayLike<number> = row
  for (const [at, { inputs, outputs, weights, bias }] of layers.entries()) {
    const next = new Float32Array(outputs)
    for (let o = 0; o < outputs; o++) {
      let sum = bias[o] ?? 0
      for (let i = 0; i < inputs; i++) sum += (weights[o * inputs + i] ?? 0) * (values[i] ?? 0)
      next[o] = at < layers.length - 1 ? Math.max(0, sum) : sum
    }
    values = next
  }
  return values[0] ?? 0
}
