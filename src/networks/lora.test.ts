import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { f16round } from '@petamoriken/float16'
import { afterAll, describe, expect, it } from 'vitest'
import { type Array32, filled, relativeError, runGraph } from '../../test/support/run-graph.js'
import { openCheckpoint } from '../models/checkpoint.js'
import { writeSafetensors } from '../models/files/safetensors.js'
import { createGraph, type Dim, type Graph, type Value } from '../onnx/index.js'
import { conv, linear } from './layers.js'
import { layersUnder, withLoraInputs } from './lora.js'
import { type Weights, weightsOf } from './weights.js'

const folder = mkdtempSync(join(tmpdir(), 'horde-onnx-lora-layers-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Layer {
  name: string
  weight: Array32
  x: Array32
  symbols: readonly Dim[]
  wrap?: boolean
  apply(g: Graph, x: Value, w: Weights): Value
}

const RANK = 3

const LAYERS: readonly Layer[] = [
  {
    name: 'proj',
    weight: filled([5, 4], 1),
    x: filled([6, 4], 2),
    symbols: ['rows', 4],
    apply: linear,
  },
  {
    name: 'a.proj_in',
    weight: filled([5, 4, 1, 1], 1),
    x: filled([6, 4], 2),
    symbols: ['rows', 4],
    apply: linear,
  },
  {
    name: 'op',
    weight: filled([5, 4, 3, 3], 1),
    x: filled([2, 4, 6, 8], 2),
    symbols: ['n', 4, 'h', 'w'],
    apply: (g, x, w) => conv(g, x, w, { stride: 2, padding: 1 }),
  },
  {
    name: 'tiled',
    weight: filled([5, 4, 3, 3], 1),
    x: filled([2, 4, 6, 8], 2),
    symbols: ['n', 4, 'h', 'w'],
    wrap: true,
    apply: (g, x, w) => conv(g, x, w, { padding: 1 }),
  },
]

/** The layer with its weight as it is in a file. */
async function plain({ name, x, symbols, wrap = false, apply }: Layer, weight: Array32): Promise<Float32Array> {
  const checkpoint = await fileOf(name, weight)
  const g = createGraph({ wrap })
  g.output('y', apply(g, g.input('x', 'float32', symbols), weightsOf(checkpoint, '').sub(name)))
  return (await runGraph(g.build(), { x })).y?.data ?? new Float32Array()
}

async function withFactors(
  { name, weight, x, symbols, wrap = false, apply }: Layer,
  { down, up, merge = false }: { down: Array32; up: Array32; merge?: boolean },
): Promise<Float32Array> {
  const checkpoint = await fileOf(name, weight)
  const g = createGraph({ wrap })
  const layers = layersUnder(checkpoint, '', 'all')
  const w = withLoraInputs(g, checkpoint, { prefix: '', layers, merge })
  g.output('y', apply(g, g.input('x', 'float32', symbols), w.sub(name)))
  return (
    (await runGraph(g.build(), { x, [`lora:${name}:down`]: down, [`lora:${name}:up`]: up })).y?.data ??
    new Float32Array()
  )
}

async function fileOf(name: string, { shape, data }: Array32) {
  const file = join(folder, `${name}-${Math.random()}.safetensors`)
  await writeSafetensors(file, { [`${name}.weight`]: { dtype: 'F32', shape, data } })
  return openCheckpoint(file)
}

/** Shapes of the factors as the graph wants them. */
function factors({ name, weight }: Layer, rank: number): { down: Array32; up: Array32 } {
  const [out = 0, inner = 0, ...kernel] = name.endsWith('proj_in') ? weight.shape.slice(0, 2) : weight.shape
  return { down: filled([rank, inner, ...kernel], 3), up: filled([out, rank, ...kernel.map(() => 1)], 4) }
}

/** W + up·down, value by value. */
function changed({ weight }: Layer, { down, up }: { down: Array32; up: Array32 }): Array32 {
  const columns = weight.data.length / (weight.shape[0] ?? 1)
  return {
    shape: weight.shape,
    data: weight.data.map((value, i) => {
      const row = Math.floor(i / columns)
      let sum = value
      for (let r = 0; r < RANK; r++) {
        sum += (up.data[row * RANK + r] as number) * (down.data[r * columns + (i % columns)] as number)
      }
      return sum
    }),
  }
}

describe('factors of a LoRA as inputs of a graph', () => {
  it.each(LAYERS)('change the layer $name as a changed weight does', async layer => {
    const lora = factors(layer, RANK)
    const expected = await plain(layer, changed(layer, lora))
    expect(relativeError(await withFactors(layer, lora), expected)).toBeLessThan(1e-6)
    expect(relativeError(await plain(layer, layer.weight), expected)).toBeGreaterThan(0.1)
  })

  it.each(LAYERS)('of rank 0 leave the layer $name as it is, to the bit', async layer => {
    expect(await withFactors(layer, factors(layer, 0))).toEqual(await plain(layer, layer.weight))
  })

  it('are merged and rounded to half floats where that is asked for', async () => {
    const [layer] = LAYERS
    if (layer === undefined) throw new Error('unreachable')
    const lora = factors(layer, RANK)
    const merged = changed(layer, lora)
    const expected = await plain(layer, { ...merged, data: merged.data.map(value => f16round(value)) })
    expect(relativeError(await withFactors(layer, { ...lora, merge: true }), expected)).toBeLessThan(1e-6)
    expect(relativeError(await plain(layer, merged), expected)).toBeGreaterThan(1e-5)
  })
})

describe('layers that LoRAs may change', () => {
  it('are matrices and convolutions, not norms, biases and tables', async () => {
    const file = join(folder, 'layers.safetensors')
    const tensor = (...shape: number[]) => ({
      dtype: 'F32' as const,
      shape,
      data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
    })
    await writeSafetensors(file, {
      'net.to_q.weight': tensor(4, 2),
      'net.to_q.bias': tensor(4),
      'net.norm.weight': tensor(4),
      'net.proj_out.weight': tensor(4, 2, 1, 1),
      'net.skip.weight': tensor(4, 2, 1, 1),
      'net.token_embedding.weight': tensor(9, 2),
      'other.to_q.weight': tensor(4, 2),
    })
    const checkpoint = await openCheckpoint(file)
    const names = (kinds: 'linear' | 'all') => layersUnder(checkpoint, 'net.', kinds).map(({ path }) => path)
    expect(names('linear')).toEqual(['net.to_q', 'net.proj_out'])
    expect(names('all')).toEqual(['net.to_q', 'net.proj_out', 'net.skip'])
  })
})
