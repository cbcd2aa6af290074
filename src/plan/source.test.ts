import { describe, expect, it } from 'vitest'
import { UnsupportedError } from '../errors.js'
import type { ModelFacts } from '../models/facts.js'
import type { Job, JobSource } from '../payload/job.js'
import { makePlan } from './make-plan.js'
import type { PlannedControl } from './types.js'

const PICTURE = { width: 128, height: 128, sha256: 'aa' }
const MASK = { width: 128, height: 128, sha256: 'bb' }
const CONTROL: PlannedControl = { type: 'canny', strength: 0.7, sha256: 'cc', map: PICTURE }
const image = { origin: 'a test', bytes: new Uint8Array() }

function facts(inChannels: number): ModelFacts {
  return {
    family: 'sd1',
    textEncoders: [],
    unet: {
      prefix: 'model.diffusion_model.',
      modelChannels: 64,
      inChannels,
      outChannels: 4,
      contextDim: 128,
      heads: { count: 8 },
      linearProjections: false,
    },
    vae: { prefix: 'first_stage_model.', scaleFactor: 0.18215, latentChannels: 4 },
    sampling: { prediction: 'eps', zeroTerminalSnr: false },
  }
}

function job(changes: Partial<Job>): Job {
  return {
    model: 'a model',
    prompt: '',
    negativePrompt: '',
    seed: 1n,
    width: 128,
    height: 128,
    steps: 4,
    cfgScale: 5,
    clipSkip: 1,
    images: 1,
    sampler: 'euler',
    scheduler: 'karras',
    stepNoise: 'cuda',
    denoise: 0.5,
    tiling: false,
    transparent: false,
    workflow: 'auto_detect',
    loras: [],
    embeddings: [],
    extraSourceImages: [],
    extraTexts: [],
    postProcessing: [],
    notes: [],
    ...changes,
  }
}

function plan(channels: number, changes: Partial<Job>, pictures: Parameters<typeof makePlan>[3] = {}) {
  return makePlan(
    job(changes),
    { name: 'a model', baseline: 'stable_diffusion_1', facts: facts(channels) },
    {},
    pictures,
  )
}

const source = (processing: JobSource['processing']): JobSource => ({ processing, image })

describe('sources in plans', () => {
  it('img2img starts from the picture and leaves its mask as it is', () => {
    const made = plan(4, { source: source('img2img') }, { source: { image: PICTURE, mask: MASK } })
    expect(made.source).toEqual({ use: 'start', image: PICTURE, mask: MASK })
    expect(made.passes.map(({ start }) => start)).toEqual(['source'])
    expect(made.concat).toBeUndefined()
  })

  it.each(['inpainting', 'outpainting'] as const)('%s grows the mask by 6', processing => {
    const made = plan(4, { source: source(processing) }, { source: { image: PICTURE, mask: MASK } })
    expect(made.source?.growMaskBy).toBe(6)
  })

  it('an inpainting model sees mask and latent, with a source and without', () => {
    expect(plan(9, {}).concat).toBe('mask-and-latent')
    expect(plan(9, {}).passes[0]?.start).toBe('empty')
    const made = plan(9, { source: source('inpainting') }, { source: { image: PICTURE, mask: MASK } })
    expect([made.concat, made.passes[0]?.start]).toEqual(['mask-and-latent', 'source'])
  })

  it('instruct-pix2pix sees the picture and starts from nothing', () => {
    const made = plan(8, { source: source('img2img') }, { source: { image: PICTURE } })
    expect([made.concat, made.source?.use, made.passes[0]?.start]).toEqual(['picture', 'concat', 'empty'])
  })

  it('the first pass is as large as the source, cut to whole cells of the latent', () => {
    const resize = { width: 100, height: 64 }
    const made = plan(4, { source: { ...source('img2img'), resize } }, { source: { image: PICTURE } })
    expect(made.passes[0]).toMatchObject({ width: 96, height: 64 })
  })

  it('a source that nobody resizes makes the first pass as large as it is', () => {
    const picture = { ...PICTURE, width: 100, height: 141 }
    const made = plan(4, { source: source('img2img') }, { source: { image: picture } })
    expect(made.passes[0]).toMatchObject({ width: 96, height: 136 })
  })

  it('a ControlNet steers the first of two passes', () => {
    const hires = { firstWidth: 64, firstHeight: 64, steps: 3, denoise: 0.5 }
    const made = plan(4, { hires }, { control: CONTROL })
    expect(made.passes.map(({ control }) => control)).toEqual([CONTROL, undefined])
  })

  it('refuses remix, masks on instruct-pix2pix, and UNets of other channels', () => {
    const pictures = { source: { image: PICTURE, mask: MASK } }
    expect(() => plan(4, { source: source('remix') }, pictures)).toThrow(UnsupportedError)
    expect(() => plan(8, { source: source('img2img') }, pictures)).toThrow(/takes no mask/)
    expect(() => plan(5, {})).toThrow(/5 input channels/)
  })

  it('is plain JSON', () => {
    const made = plan(9, { source: source('inpainting') }, { source: { image: PICTURE, mask: MASK }, control: CONTROL })
    expect(JSON.parse(JSON.stringify(made))).toEqual(made)
  })
})
