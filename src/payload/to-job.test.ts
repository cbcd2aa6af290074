import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { asInPack, packMissing, readPack } from '../../test/support/hordelib-pack.js'
import { PayloadError, UnknownModelError, UnsupportedError } from '../errors.js'
import type { Job } from './job.js'
import { parsePayload } from './parse.js'
import { payloadToJob, type ToJobOptions } from './to-job.js'

const BASELINES: Record<string, { baseline: string; inpainting: boolean }> = {
  SD15: { baseline: 'stable_diffusion_1', inpainting: false },
  'SD15 Inpainting': { baseline: 'stable_diffusion_1', inpainting: true },
  SDXL: { baseline: 'stable_diffusion_xl', inpainting: false },
}

const base: ToJobOptions = {
  baselineOf(model) {
    const found = BASELINES[model]
    if (found === undefined) throw new UnknownModelError(`no model ${model}`)
    return found
  },
  randomSeed: () => 4711n,
}

const jobOf = (payload: Record<string, unknown>, options: Partial<ToJobOptions> = {}): Job =>
  payloadToJob({ model: 'SD15', ...payload }, { ...base, ...options })

const notesOf = (job: Job) => job.notes.map(({ field, message, quirk }) => [field, message, quirk])

/** 1×1 pictures: PNG with RGBA, PNG with RGB. */
const RGBA = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const RGB = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mP4z8AAAAMBAQD3A0FDAAAAAElFTkSuQmCC'

describe('a payload becomes a job', () => {
  it('with hordelib’s defaults where it says nothing', () => {
    expect(jobOf({ prompt: 'a castle' })).toEqual({
      model: 'SD15',
      prompt: 'a castle',
      negativePrompt: '',
      seed: 4711n,
      width: 512,
      height: 512,
      steps: 30,
      cfgScale: 8,
      clipSkip: 1,
      images: 1,
      sampler: 'euler',
      scheduler: 'normal',
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
    })
  })

  it('with friendlier ones where they are given', () => {
    const job = payloadToJob(
      { prompt: 'x' },
      {
        ...base,
        defaults: { model: 'SD15', width: 128, height: 128, ddim_steps: 20, cfg_scale: 5, scheduler: 'karras' },
      },
    )
    expect(job).toMatchObject({ model: 'SD15', width: 128, height: 128, steps: 20, cfgScale: 5, scheduler: 'karras' })
    expect(jobOf({ karras: false }, { defaults: { scheduler: 'karras' } }).scheduler).toBe('normal')
    expect(jobOf({ scheduler: 'exponential' }, { defaults: {} }).scheduler).toBe('exponential')
  })

  it('with a random seed below 2^63 where it has none', () => {
    const seeds = Array.from(
      { length: 200 },
      () => payloadToJob({ model: 'SD15' }, { baselineOf: base.baselineOf }).seed,
    )
    expect(new Set(seeds).size).toBe(200)
    expect(seeds.every(seed => seed >= 0n && seed < 2n ** 63n)).toBe(true)
  })

  it('keeps seeds beyond 2^53', () => {
    const pop = parsePayload('{"payload": {"prompt": "x", "seed": 9223372036854775807}, "model": "SD15", "id": "1"}')
    expect(payloadToJob(pop, base).seed).toBe(9223372036854775807n)
  })

  it('reads a pop’s answer, whose source lies beside the payload', () => {
    const pop = {
      payload: { prompt: 'a###b', seed: '7', ddim_steps: 8, n_iter: 2, karras: true, use_nsfw_censor: false },
      id: 'abc',
      ids: ['abc'],
      model: 'SD15',
      source_image: RGB,
      source_processing: 'img2img',
      source_mask: null,
      skipped: {},
      r2_uploads: ['https://example.com/put'],
    }
    const job = payloadToJob(pop, base)
    expect(job).toMatchObject({ prompt: 'a', negativePrompt: 'b', seed: 7n, steps: 8, images: 2, scheduler: 'karras' })
    expect(job.source).toMatchObject({ processing: 'img2img', resize: { width: 512, height: 512 } })
    expect(job.source?.image.bytes.slice(1, 4)).toEqual(new Uint8Array([0x50, 0x4e, 0x47]))
    expect(job.notes).toEqual([])
  })

  it('refuses a pop without a job', () => {
    expect(() => payloadToJob({ payload: {}, id: null, skipped: { models: 3 } }, base)).toThrow(/brought no job/)
  })

  it('tells what was changed', () => {
    const job = jobOf({ cfg_scale: 1000.5, width: 513, sampler_name: 'dpmsolver', steps: 50, ddim_steps: 9.5 })
    expect(notesOf(job)).toEqual([
      ['sampler_name', '"dpmsolver" is none of the known values, used was "k_euler"', undefined],
      ['cfg_scale', '1000.5 was lowered to 100', undefined],
      ['width', '513 was rounded up to 576', undefined],
      ['ddim_steps', '9.5 lost its fraction: 9', undefined],
      ['steps', 'is no field of a payload and was left out', undefined],
    ])
  })

  it('tells the quirks that shape the picture', () => {
    const job = jobOf({
      width: 768,
      height: 768,
      hires_fix: true,
      karras: true,
      clip_skip: 2,
      control_type: 'canny',
      source_image: RGB,
      denoising_strength: 0.5,
      loras: [{ name: 'x', model: 0.5, clip: 0.7 }],
    })
    expect(job.clipSkip).toBe(1)
    expect(job.loras).toEqual([{ name: 'x', model: 0.5, clip: 0 }])
    expect(job.control).toMatchObject({ type: 'canny', resize: { width: 512, height: 512 }, resolution: 768 })
    expect(job.hires).toEqual({ firstWidth: 512, firstHeight: 512, steps: expect.any(Number), denoise: 0.65 })
    expect(job.notes.map(({ quirk }) => quirk)).toEqual(['Q4', 'Q9', 'Q7', 'Q8', 'Q5', 'Q6'])
  })

  it('explains every quirk in docs/quirks.md', async () => {
    const { QUIRKS } = await import('./hordelib/quirks.js')
    const page = readFileSync(new URL('../../docs/quirks.md', import.meta.url), 'utf8')
    const explained = [...page.matchAll(/^\| (Q\d+) \|/gm)].map(([, id]) => id)
    expect(explained).toEqual(Object.values(QUIRKS))
  })

  it('names the schedule that a wire payload cannot choose', () => {
    expect(notesOf(jobOf({ scheduler: 'exponential' }))).toEqual([
      ['scheduler', '"exponential" does not count: karras decides, used was "normal"', 'Q1'],
    ])
  })

  it('sorts facefixers to the end and leaves unknown post-processors out', () => {
    const job = jobOf({ post_processing: ['CodeFormers', 'NoSuchThing', 'RealESRGAN_x4plus'], facefixer_strength: 0.3 })
    expect(job.postProcessing).toEqual(['RealESRGAN_x4plus', 'CodeFormers'])
    expect(job.notes.map(({ field }) => field)).toEqual(['post_processing[1]', 'facefixer_strength'])
  })
})

describe('source pictures of a payload', () => {
  it('paint through the alpha of the picture where there is no mask', () => {
    const job = jobOf({ source_image: RGBA, source_processing: 'img2img' })
    expect(job.source).toMatchObject({ processing: 'img2img', maskFromAlpha: true })
    expect(job.source?.mask).toBeUndefined()
  })

  it('are made up for an inpainting model, which then paints all', () => {
    const job = jobOf({ model: 'SD15 Inpainting', width: 128, height: 64 })
    expect(job.source?.processing).toBe('inpainting')
    expect(job.source?.mask).toBeDefined()
    expect(job.notes.map(({ field, quirk }) => [field, quirk])).toEqual([
      ['source_image', 'Q3'],
      ['source_mask', 'Q3'],
    ])
  })

  it('are a white square of 64 pixels where a normal model is to paint without one', () => {
    const job = jobOf({ source_processing: 'inpainting' })
    expect([job.width, job.height]).toEqual([64, 64])
    expect(job.notes.map(({ quirk }) => quirk)).toContain('Q11')
  })

  it('that are none are left out, and text-to-image remains', () => {
    const job = jobOf({ source_image: 'bm90IGEgcGljdHVyZQ==', source_processing: 'img2img' })
    expect(job.source).toBeUndefined()
    expect(job.notes[0]?.message).toContain('is no picture')
  })

  it('are refused as addresses', () => {
    expect(() => jobOf({ source_image: 'https://example.com/a.png' })).toThrow(UnsupportedError)
  })

  it('may be refused by whoever can decode them', () => {
    expect(jobOf({ source_image: RGB }, { isImage: () => false }).source).toBeUndefined()
  })
})

describe('what cannot become a job', () => {
  it.each([
    ['a seed below 0', { seed: -3 }, PayloadError, /0 to 18446744073709551615, got -3/],
    ['a seed beyond 64 bits', { seed: 2n ** 64n }, PayloadError, /payload\.seed/],
    ['infinity where an integer belongs', { width: Infinity }, PayloadError, /payload\.width is inf/],
    ['a prompt that is a number', { prompt: 5 }, PayloadError, /payload\.prompt must be a text/],
    [
      'an extra source image that is none',
      { extra_source_images: [{ image: 'AAAA' }] },
      PayloadError,
      /extra_source_images\[0\]/,
    ],
    ['post_processing that is a number', { post_processing: 5 }, PayloadError, /list of names/],
    ['a post-processor without a model', { post_processing: ['GFPGANv1.3'] }, PayloadError, /no model/],
    ['a model that nobody knows', { model: 'No Such Model' }, UnknownModelError, /No Such Model/],
    ['an empty model name', { model: '' }, UnknownModelError, /no model/],
    ['no model', { model: null }, PayloadError, /names no model/],
  ])('%s', (_, payload, error, message) => {
    expect(() => jobOf(payload)).toThrow(error)
    expect(() => jobOf(payload)).toThrow(message)
  })

  it('lists everything that strict mode would change, at once', () => {
    const payload = {
      cfg_scale: 1000,
      width: 500,
      sampler_name: 'euler',
      colour: 'red',
      loras: [{ clip: 1 }],
      transparent: 1,
    }
    expect(() => jobOf(payload, { strict: true })).toThrow(
      [
        'the payload would be changed:',
        '  payload.sampler_name: got "euler", expected one of k_euler, k_euler_a, k_heun, k_dpm_2, k_dpm_2_a, k_lms, k_dpm_fast, k_dpm_adaptive, k_dpmpp_2s_a, k_dpmpp_sde, k_dpmpp_2m, ddim, uni_pc, uni_pc_bh2, plms, lcm',
        '  payload.cfg_scale: got 1000, expected a number from 1 to 100',
        '  payload.width: got 500, expected a multiple of 64 from 64 to 8192',
        '  payload.loras[0]: got {"clip":"1"}, expected an object with a name',
        '  payload.transparent: got 1, expected true or false',
        '  payload.colour: got "red", expected a field of the Horde',
      ].join('\n'),
    )
    expect(jobOf({ cfg_scale: 7.5, width: 576, seed: '12' }, { strict: true }).cfgScale).toBe(7.5)
  })
})

describe.skipIf(packMissing !== '')(`models as hordelib looks them up${packMissing}`, () => {
  const lookups =
    packMissing === '' ? readPack('payload-clamps.json').cases.filter(c => String(c.id).startsWith('model_lookup')) : []

  it.each(lookups.map(c => [c.id, c] as const))('%s', (_, c) => {
    const job = () => payloadToJob(c.in as Record<string, unknown>, base)
    if ('raises' in (c.run as object)) expect(job).toThrow()
    else expect(asInPack(job().model)).toBe('SD15')
  })
})
