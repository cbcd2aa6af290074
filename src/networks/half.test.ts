import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
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

/** The UNet's answer to the same arbitrary latent and context. */
async function predict(file: string, options: BuildOptions): Promise<Float32Array> {
  const checkpoint = await openCheckpoint(file)
  const facts: ModelFacts = await detectModel(checkpoint)
  const { contextDim, inChannels, admChannels } = facts.unet
  const unet = await loadGraph(buildUnet(checkpoint, facts, options))
  const { out } = await unet.run({
    x: filled([2, inChannels, 8, 16], 1),
    timesteps: { shape: [2], data: Float32Array.of(981, 21) },
    context: filled([2, 77, contextDim], 2),
    ...(admChannels === undefined ? {} : { y: filled([2, admChannels], 3) }),
  })
  await unet.release()
  return (out as Array32).data
}

describe.skipIf(!existsSync(`${SHARED}/pocket`))(`half floats (needs ${SHARED}/pocket and ${SHARED}/reference)`, () => {
  it.each(MODELS)('in the UNet of %s change its prediction by less than two thousandths', async model => {
    const file = `${SHARED}/${model}`
    const [single, half] = [await predict(file, {}), await predict(file, { compute: 'float16' })]
    const error = relativeError(half, single)
    expect(error).toBeLessThan(2e-3)
    // An fp16 graph that gave fp32's answer would not compute in fp16.
    expect(error).toBeGreaterThan(1e-5)
  })

  it("CUDA's operators give the same answers as the portable ones", async () => {
    const file = `${SHARED}/pocket/pocket-sd15.safetensors`
    expect(relativeError(await predict(file, { profile: 'cuda' }), await predict(file, {}))).toBeLessThan(1e-6)
  })
})
