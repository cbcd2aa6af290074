import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { kudosFeatures } from './features.js'
import { BASIS_PAYLOAD, type KudosModel, kudosSeconds, readKudosModel } from './model.js'
import { type KudosPayload, kudosPayload } from './payload.js'
import { legacyKudos, priceOf, requestCost } from './price.js'

const SHARED = resolve(import.meta.dirname, '../../../../shared/horde/kudos')
const MODEL = resolve(SHARED, 'kudos-v21-206.npz')
const here = existsSync(MODEL)
if (!here) console.warn(`the Horde's prices are not checked: ${MODEL} is missing (it is AGPL and not shipped)`)

/** A model that answers two seconds to everything. */
const CONSTANT: KudosModel = {
  file: 'constant',
  sha256: '',
  layers: [{ inputs: 47, outputs: 1, weights: new Float64Array(47), bias: Float64Array.of(2) }],
  basisSeconds: 2,
}

const vectors = z.object({
  cases: z.array(
    z.object({
      name: z.string(),
      payload: z.object({
        width: z.number(),
        height: z.number(),
        steps: z.number(),
        cfg_scale: z.number(),
        denoising_strength: z.number(),
        control_strength: z.number(),
        karras: z.boolean(),
        hires_fix: z.boolean(),
        source_image: z.boolean(),
        source_mask: z.boolean(),
        source_processing: z.string(),
        sampler_name: z.string(),
        control_type: z.string().optional(),
        post_processing: z.array(z.string()),
      }),
      job_time_raw: z.number(),
      job_time: z.number(),
      kudos_basis_adjustment_1: z.number(),
    }),
  ),
})

describe.skipIf(!here)("with the Horde's model", () => {
  test('every vector of the server is priced to the cent', async () => {
    const model = await readKudosModel(MODEL)
    expect(model.basisSeconds).toBe(6.45)
    const { cases } = vectors.parse(JSON.parse(readFileSync(resolve(SHARED, 'kudos_reference_vectors.json'), 'utf8')))
    expect(cases.length).toBeGreaterThan(40)
    for (const { name, payload: given, job_time, kudos_basis_adjustment_1 } of cases) {
      const payload: KudosPayload = {
        ...BASIS_PAYLOAD,
        width: given.width,
        height: given.height,
        steps: given.steps,
        cfgScale: given.cfg_scale,
        denoisingStrength: given.denoising_strength,
        controlStrength: given.control_strength,
        karras: given.karras,
        hiresFix: given.hires_fix,
        sourceImage: given.source_image,
        sourceMask: given.source_mask,
        sourceProcessing: given.source_processing,
        sampler: given.sampler_name,
        controlType: given.control_type,
        postProcessing: given.post_processing,
      }
      expect([name, kudosSeconds(model, payload)]).toEqual([name, job_time])
      const price = priceOf(payload, { model, baseline: 'stable_diffusion_1' })
      expect([name, price.by, price.kudos]).toEqual([name, 'model', kudos_basis_adjustment_1])
    }
  })

  test("the prices that the server's own tests expect", async () => {
    const model = await readKudosModel(MODEL)
    const price = (change: Partial<KudosPayload>) =>
      priceOf({ ...BASIS_PAYLOAD, ...change }, { model, baseline: 'stable_diffusion_1' }).kudos
    expect(price({})).toBe(11)
    expect(price({ width: 1024, height: 1024 })).toBe(29.03)
    expect(
      price({
        width: 768,
        height: 512,
        steps: 30,
        cfgScale: 8.5,
        sourceImage: true,
        sourceProcessing: 'img2img',
        controlType: 'canny',
        controlStrength: 0.72,
        denoisingStrength: 0.42,
        sampler: 'k_dpmpp_2m',
      }),
    ).toBe(15.13)
    expect(price({ steps: 35, postProcessing: ['GFPGAN', 'RealESRGAN_x4plus'], sampler: 'uni_pc' })).toBe(25.46)
  })
})

describe('features', () => {
  const set = (payload: Partial<KudosPayload>) => {
    const features = kudosFeatures({ ...BASIS_PAYLOAD, ...payload })
    if (!(features instanceof Float32Array)) throw new Error(features.reason)
    return features
  }
  const ones = (features: Float32Array) => [...features.keys()].filter(i => i >= 10 && features[i] === 1)

  test('strengths count with a source only; with a control type the control strength takes the place', () => {
    const strengths = (payload: Partial<KudosPayload>) => {
      const [a = 0, b = 0] = set({ controlType: undefined, ...payload }).slice(4, 6)
      return [Number(a.toFixed(4)), Number(b.toFixed(4))]
    }
    const source = { sourceImage: true, sourceProcessing: 'img2img', denoisingStrength: 0.4 }
    expect(strengths({ denoisingStrength: 0.4, controlStrength: 0.7 })).toEqual([1, 1])
    expect(strengths({ ...source, controlStrength: 0.7 })).toEqual([0.4, 1])
    expect(strengths({ ...source, controlStrength: 0.7, controlType: 'canny' })).toEqual([1, 0.7])
    expect(strengths({ ...source, controlStrength: undefined, controlType: 'canny' })).toEqual([1, 0.4])
  })

  test('an unknown sampler counts as k_euler, remix as img2img', () => {
    expect(ones(set({ sampler: 'lcm' }))).toEqual([18, 25, 38])
    expect(ones(set({ sampler: 'ddim', sourceProcessing: 'remix' }))).toEqual([10, 25, 35])
  })

  test.each([
    ['karras', { karras: undefined }],
    ['sampler', { sampler: undefined }],
    ['control type', { controlType: 'mlsd' }],
    ['post-processor', { postProcessing: ['GFPGANv1.3'] }],
  ])('a payload without, or with an unknown, %s cannot be priced by the model', (what, change) => {
    expect(kudosFeatures({ ...BASIS_PAYLOAD, ...change })).toMatchObject({ reason: expect.stringContaining(what) })
  })
})

describe('around the model', () => {
  const price = (change: Partial<KudosPayload>, baseline = 'stable_diffusion_1') =>
    priceOf({ ...BASIS_PAYLOAD, ...change }, { model: CONSTANT, baseline })

  test('adapters are surcharged, and families multiplied, after the model', () => {
    expect(price({ loras: 2, tis: 3 })).toMatchObject({ base: 11 + 6 + 1, kudos: 18, surcharge: 7 })
    expect(price({ loras: 1 }, 'stable_diffusion_xl').kudos).toBe(28)
    expect(price({ workflow: 'qr_code' }, 'stable_diffusion_xl').kudos).toBe(44)
    expect(price({ hiresFix: true }, 'stable_cascade').kudos).toBe(77)
    expect(price({}, 'flux_1').kudos).toBe(88)
    expect(price({}, 'qwen_image').kudos).toBe(132)
    expect(price({}, 'stable diffusion 2').kudos).toBe(11)
  })

  /** Of Python: round((0.1232*s)+r*(0.1232*s*8.75),2) with the server's r, then the factors. */
  test('what the model cannot look at costs what it cost before there was one', () => {
    const plain = { ...BASIS_PAYLOAD, controlType: undefined }
    expect(legacyKudos(plain)).toBe(10.83)
    expect(legacyKudos({ ...plain, width: 1024, height: 1024, steps: 30 })).toBe(36.04)
    expect(legacyKudos({ ...plain, postProcessing: ['a', 'b'] })).toBe(15.6)
    expect(legacyKudos({ ...plain, controlType: 'mlsd' })).toBe(32.49)
    expect(legacyKudos({ ...plain, controlType: 'mlsd', returnControlMap: true })).toBe(10.83)
    expect(price({ controlType: 'mlsd', loras: 1 })).toMatchObject({ by: 'legacy', kudos: 35.49 })
  })

  test('what a request costs its user', () => {
    const cost = (change: Partial<KudosPayload>, terms = {}, baseline = 'stable_diffusion_1') => {
      const payload = { ...BASIS_PAYLOAD, ...change }
      return requestCost(payload, { price: priceOf(payload, { model: CONSTANT, baseline }), baseline, ...terms })
    }
    expect(cost({})).toBe(11 + 1 + 1)
    expect(cost({ images: 3 })).toBe(3 * 12 + 1)
    expect(cost({ sourceImage: true, sourceProcessing: 'img2img' })).toBeCloseTo(11 * 1.3 + 2)
    expect(cost({ postProcessing: ['RealESRGAN_x4plus', 'GFPGAN'] })).toBeCloseTo(11 * 1.05 + 2)
    expect(cost({}, { slowWorkers: false, workerBlacklist: true })).toBeCloseTo(12 * 1.2 * 1.1 + 1)
    expect(cost({ workflow: 'qr_code' }, {}, 'stable_diffusion_xl')).toBe(12 * 2 + 1)
  })
})

describe('payloads as they come', () => {
  test("a pop is read with the Horde's names, nulls being nothing", () => {
    const pop = {
      payload: {
        ddim_steps: 25,
        width: 640,
        height: 512,
        cfg_scale: 7,
        karras: true,
        sampler_name: 'k_dpmpp_2m',
        control_type: null,
        n_iter: 2,
        loras: [{ name: 'a' }],
        tis: [],
      },
      model: 'Deliberate',
      source_image: 'abc',
      source_processing: 'img2img',
    }
    expect(kudosPayload(JSON.stringify(pop))).toMatchObject({
      steps: 25,
      width: 640,
      images: 2,
      loras: 1,
      tis: 0,
      sourceImage: true,
      sourceMask: false,
      sourceProcessing: 'img2img',
      controlType: undefined,
      model: 'Deliberate',
    })
  })

  test("a request to the API gets the server's defaults", () => {
    expect(kudosPayload('{"prompt":"a castle","params":{"n":4}}')).toMatchObject({
      steps: 30,
      sampler: 'k_euler_a',
      cfgScale: 5,
      karras: true,
      images: 4,
      sourceProcessing: 'txt2img',
    })
  })
})
