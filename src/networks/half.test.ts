import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { largestActivation } from '../../test/support/activations.js'
import { type Array32, filled, loadGraph, relativeError } from '../../test/support/run-graph.js'
import { openCheckpoint } from '../models/checkpoint.js'
import { detectModel } from '../models/detect.js'
import type { ModelFacts } from '../models/facts.js'
import { buildUnet } from './index.js'
import type { BuildOptions } from './options.js'

const SHARED = '../shared'
const MODELS = [
  'pocket/pocket-sd15.safetensors',
  'reference/models/tiny-sd2-v.safetensors',
  'reference/models/tiny-sdxl.safetensors',
]

/** The largest half float. */
const LARGEST = 65_504

async function unetOf(model: string, options: BuildOptions) {
  const checkpoint = await openCheckpoint(`${SHARED}/${model}`)
  const facts: ModelFacts = await detectModel(checkpoint)
  const { contextDim, inChannels, admChannels } = facts.unet
  const feeds = {
    x: filled([2, inChannels, 8, 16], 1),
    timesteps: { shape: [2], data: Float32Array.of(981, 21) },
    context: filled([2, 77, contextDim], 2),
    ...(admChannels === undefined ? {} : { y: filled([2, admChannels], 3) }),
  }
  return { graph: buildUnet(checkpoint, facts, options), feeds }
}

/** The UNet's answer to an arbitrary latent and context, the same for all. */
async function predict(model: string, options: BuildOptions): Promise<Float32Array> {
  const { graph, feeds } = await unetOf(model, options)
  const unet = await loadGraph(graph)
  const { out } = await unet.run(feeds)
  await unet.release()
  return (out as Array32).data
}

describe.skipIf(!existsSync(`${SHARED}/pocket`))(`half floats (needs ${SHARED}/pocket and ${SHARED}/reference)`, () => {
  it.each(MODELS)('in the UNet of %s change its prediction by less than two thousandths', async model => {
    const [single, half] = [await predict(model, {}), await predict(model, { compute: 'float16' })]
    const error = relativeError(half, single)
    expect(error).toBeLessThan(2e-3)
    // An fp16 graph that gave fp32's answer would not compute in fp16.
    expect(error).toBeGreaterThan(1e-5)
  })

  it.each(MODELS)('can hold whatever the UNet of %s computes: nothing comes near their largest', async model => {
    const { graph, feeds } = await unetOf(model, {})
    const { magnitude, nodes } = await largestActivation(graph, feeds)
    expect(nodes).toBeGreaterThan(100)
    expect(magnitude).toBeGreaterThan(1)
    expect(magnitude).toBeLessThan(LARGEST / 10)
  })
})
