import { existsSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { openCheckpoint } from '../src/models/checkpoint.js'
import { detectModel } from '../src/models/detect.js'
import type { ModelFacts } from '../src/models/facts.js'
import { buildTextEncoder, buildUnet } from '../src/networks/index.js'
import type { BuiltGraph } from '../src/onnx/index.js'
import { type Array32, filled, type GraphFeeds, loadGraph, relativeError } from './support/run-graph.js'

/** A Vulkan driver that needs no graphics card; Debian's chromium contains it. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json'
const MODEL = 'fixtures/models/pocket/pocket-sd15.safetensors'

/** What WebGPU's answer differs from the CPU's by. The profile is that of a driver that gets fused attention wrong. */
async function difference(graph: BuiltGraph, feeds: GraphFeeds, output: string): Promise<number> {
  const webgpu = { name: 'webgpu', ...(graph.sines.length === 0 ? {} : { forceCpuNodeNames: graph.sines }) }
  const results: Float32Array[] = []
  for (const provider of ['cpu', webgpu]) {
    const session = await loadGraph(graph, { executionProviders: [provider], graphOptimizationLevel: 'extended' })
    results.push(((await session.run(feeds))[output] as Array32).data)
    await session.release()
  }
  const [cpu, gpu] = results
  return relativeError(gpu ?? new Float32Array(), cpu ?? new Float32Array())
}

describe.skipIf(!existsSync(SWIFTSHADER))(`the pocket model on WebGPU (needs ${SWIFTSHADER})`, () => {
  let facts: ModelFacts
  const checkpoint = openCheckpoint(MODEL)

  beforeAll(async () => {
    process.env.VK_ICD_FILENAMES = SWIFTSHADER
    facts = await detectModel(await checkpoint)
  })

  it("gives the CPU's text embedding", { timeout: 300_000 }, async () => {
    const [encoder] = facts.textEncoders
    if (encoder === undefined) throw new Error('the pocket model has a text encoder')
    const graph = buildTextEncoder(await checkpoint, encoder, { profile: 'plain' })
    const feeds = { embeds: filled([1, 77, encoder.width]), eos: { shape: [1], data: BigInt64Array.of(5n) } }
    expect(await difference(graph, feeds, 'hidden.1.norm')).toBeLessThan(1e-5)
  })

  it("gives the CPU's prediction of a UNet step", { timeout: 300_000 }, async () => {
    const graph = buildUnet(await checkpoint, facts, { profile: 'plain' })
    const feeds = {
      x: filled([1, 4, 8, 8], 1),
      timesteps: { shape: [1], data: Float32Array.of(500) },
      context: filled([1, 77, facts.unet.contextDim], 2),
    }
    expect(await difference(graph, feeds, 'out')).toBeLessThan(1e-5)
  })
})
