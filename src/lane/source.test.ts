import { describe, expect, it } from 'vitest'
import type { ModelFacts } from '../models/facts.js'
import type { Plan, PlannedConcat } from '../plan/types.js'
import type { Session } from './session.js'
import { concatChannels, encodeSource, latentMask } from './source.js'

const facts: ModelFacts = {
  family: 'sd1',
  textEncoders: [],
  unet: {
    prefix: '',
    modelChannels: 64,
    inChannels: 9,
    outChannels: 4,
    contextDim: 128,
    heads: { count: 8 },
    linearProjections: false,
  },
  vae: { prefix: '', scaleFactor: 0.5, latentChannels: 4 },
  sampling: { prediction: 'eps', zeroTerminalSnr: false },
}

function plan(concat: PlannedConcat, prediction: 'eps' | 'edm-v' = 'eps', use: 'start' | 'concat' = 'start'): Plan {
  const image = { width: 8, height: 8, sha256: '' }
  return {
    version: 1,
    model: { name: '', baseline: '', facts: { ...facts, sampling: { prediction, zeroTerminalSnr: false } } },
    text: { hidden: [], cond: {}, uncond: {}, empty: {} },
    loras: [],
    source: { use, image },
    concat,
    batch: 1,
    passes: [],
    tiling: false,
    quirks: [],
  }
}

/** An encoder that notes what it is shown and answers with zeros of an eighth of the size. */
function spy(): Session & { seen: Float32Array[] } {
  const seen: Float32Array[] = []
  return {
    seen,
    async run({ image }) {
      const [, , height = 0, width = 0] = image?.shape ?? []
      if (image?.data instanceof Float32Array) seen.push(image.data)
      const shape = [1, 4, height / 8, width / 8]
      return { latent: { shape, data: new Float32Array((height / 8) * (width / 8) * 4) } }
    },
    name: 'vae encoder',
    activationBytes: () => 0,
    release: async () => {},
  }
}

const white = (width: number, height: number) => ({
  width,
  height,
  channels: 3 as const,
  pixels: new Uint8Array(width * height * 3).fill(255),
})

describe('encodeSource', () => {
  it('cuts the picture to whole cells of the latent and shows the rest as it is', async () => {
    const encoder = spy()
    const mask = { width: 20, height: 9, data: new Float32Array(180).fill(1) }
    const { shape, noiseMask } = await encodeSource(encoder, { image: white(20, 9), mask }, undefined)
    expect(shape).toEqual([1, 4, 1, 2])
    expect(noiseMask).toBe(mask)
    expect([...new Set(encoder.seen[0])]).toEqual([1])
  })

  it('paints what is under the mask grey before it is encoded, and grows the mask for the sampler alone', async () => {
    const encoder = spy()
    const data = new Float32Array(256)
    data[8 * 16 + 8] = 1
    const { noiseMask } = await encodeSource(
      encoder,
      { image: white(16, 16), mask: { width: 16, height: 16, data } },
      6,
    )
    expect(encoder.seen[0]?.filter(value => value === 0)).toHaveLength(3)
    expect(noiseMask?.data.filter(value => value === 1)).toHaveLength(36)
  })
})

describe('latentMask', () => {
  it('is the same for every channel of every row', () => {
    const mask = { width: 2, height: 1, data: Float32Array.of(0, 1) }
    expect([...latentMask(mask, [2, 2, 1, 2])]).toEqual([0, 1, 0, 1, 0, 1, 0, 1])
  })
})

describe('concatChannels', () => {
  it('without a mask everything is painted, on what black is to the VAE', () => {
    const channels = concatChannels({
      plan: plan('mask-and-latent'),
      shape: [2, 4, 1, 1],
      start: undefined,
      source: undefined,
    })
    const row = [1, 0.8223, -0.6876, 0.6364, 0.138].map(Math.fround)
    expect([...(channels ?? [])]).toEqual([...row, ...row])
  })

  it('rounds the mask, half to even, and adds the latent that the pass starts from', () => {
    const noiseMask = { width: 3, height: 1, data: Float32Array.of(0.4, 0.5, 0.6) }
    const start = Float32Array.from({ length: 12 }, (_, i) => i)
    const source = { latent: new Float32Array(12), shape: [1, 4, 1, 3] as const, noiseMask }
    const channels = concatChannels({ plan: plan('mask-and-latent'), shape: [1, 4, 1, 3], start, source })
    expect([...(channels ?? [])]).toEqual([0, 0, 1, ...start])
  })

  it.each([
    ['as the VAE gives it', 'eps', 2],
    ["at the model's scale for CosXL", 'edm-v', 1],
  ] as const)('shows pix2pix the picture %s', (_, prediction, value) => {
    const source = { latent: new Float32Array(4).fill(2), shape: [1, 4, 1, 1] as const }
    const channels = concatChannels({
      plan: plan('picture', prediction, 'concat'),
      shape: [2, 4, 1, 1],
      start: undefined,
      source,
    })
    expect([...(channels ?? [])]).toEqual(new Array(8).fill(value))
  })

  it('brings the picture to the size of a second pass about its centre', () => {
    const latent = Float32Array.from({ length: 16 }, (_, i) => i % 4)
    const source = { latent, shape: [1, 4, 1, 4] as const }
    const channels = concatChannels({
      plan: plan('picture', 'eps', 'concat'),
      shape: [1, 4, 1, 2],
      start: undefined,
      source,
    })
    expect([...(channels ?? [])]).toEqual([1, 2, 1, 2, 1, 2, 1, 2])
  })
})
