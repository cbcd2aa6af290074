/** The jobs of a stress run: one for each feature that a job may have, small enough to be drawn by the thousand. */
import { encodeImage } from '../../imaging/encode.js'
import type { Fixture } from '../fixture/fixture.js'
import { ADAPTERS } from './adapters.js'

/** A request as `generate` takes it. */
export type Request = Record<string, unknown>

export interface JobOptions {
  model: string
  /** Another model's name: some jobs are its, so that models are swapped. */
  other?: string | undefined
  /** A canny ControlNet is in the adapter folders. */
  control: boolean
}

const BASE = { sampler_name: 'k_euler', ddim_steps: 3, width: 64, height: 64, cfg_scale: 5, karras: true }

/** One job a feature. The first has none; jobs called `faulty-…` end in a fault. */
export async function featureJobs({ model, other, control }: JobOptions): Promise<Record<string, Request>> {
  const [picture, mask] = [await sourcePicture(64), await block(64)]
  const payloads: Record<string, { payload: object; pop?: object; model?: string }> = {
    plain: { payload: {} },
    'another-prompt': { payload: { prompt: 'a green star on a yellow background' } },
    'cfg-one': { payload: { cfg_scale: 1 } },
    negative: { payload: { prompt: 'a blue square ### red, blurry' } },
    weights: { payload: { prompt: 'a (blue:1.4) [square] on (white:0.7)' } },
    'long-prompt': { payload: { prompt: `a yellow triangle, ${'very '.repeat(90)}yellow` } },
    'clip-skip': { payload: { clip_skip: 2 } },
    tiling: { payload: { tiling: true } },
    'batch-of-3': { payload: { n_iter: 3, ddim_steps: 2 } },
    wide: { payload: { width: 128, ddim_steps: 2 } },
    large: { payload: { width: 128, height: 128, ddim_steps: 2 } },
    hires: { payload: { width: 128, height: 128, hires_fix: true, ddim_steps: 2 } },
    heun: { payload: { sampler_name: 'k_heun' } },
    ancestral: { payload: { sampler_name: 'k_euler_a', ddim_steps: 5 } },
    multistep: { payload: { sampler_name: 'k_dpmpp_2m', ddim_steps: 8 } },
    'multistep-other': { payload: { sampler_name: 'k_dpmpp_2m', ddim_steps: 5, prompt: 'a white star on black' } },
    sde: { payload: { sampler_name: 'k_dpmpp_sde' } },
    lms: { payload: { sampler_name: 'k_lms', ddim_steps: 5, karras: false } },
    'uni-pc': { payload: { sampler_name: 'uni_pc', ddim_steps: 4 } },
    ddim: { payload: { sampler_name: 'ddim', ddim_steps: 4 } },
    img2img: {
      payload: { denoising_strength: 0.6, ddim_steps: 4 },
      pop: { source_image: picture, source_processing: 'img2img' },
    },
    mask: {
      payload: { denoising_strength: 0.9 },
      pop: { source_image: picture, source_mask: mask, source_processing: 'inpainting' },
    },
    'lora-weak': { payload: { loras: [{ name: ADAPTERS.lora, model: 0.3, clip: 1 }] } },
    'lora-strong': { payload: { loras: [{ name: ADAPTERS.lora, model: 1, clip: 1 }] } },
    'lora-merged': { payload: { loras: [{ name: ADAPTERS.loha, model: 1, clip: 1 }] } },
    embedding: { payload: { prompt: 'a red circle', tis: [{ name: ADAPTERS.embedding, inject_ti: 'prompt' }] } },
    ...(control
      ? {
          control: {
            payload: { control_type: 'canny', denoising_strength: 1 },
            pop: { source_image: picture, source_processing: 'img2img' },
          },
        }
      : {}),
    ...(other === undefined
      ? {}
      : {
          'other-model': { payload: {}, model: other },
          'other-model-wide': { payload: { width: 128, ddim_steps: 2, sampler_name: 'k_heun' }, model: other },
        }),
    // These end in a fault, and must end in the same one.
    'faulty-lora': { payload: { loras: [{ name: ADAPTERS.misfit, model: 1, clip: 1 }] } },
    'faulty-workflow': { payload: { workflow: 'qr_code' } },
  }
  return Object.fromEntries(
    Object.entries(payloads).map(([name, { payload, pop, model: own = model }], seed) => [
      name,
      {
        model: own,
        ...pop,
        payload: { prompt: 'a red circle on a blue background', seed: 100 + seed, ...BASE, ...payload },
      },
    ]),
  )
}

/** A job like another, with noise of its own. */
export function withSeed(request: Request, seed: number): Request {
  return { ...request, payload: { ...Object(request.payload), seed } }
}

/** Fixtures as stress jobs: at most 128×128 and 8 steps. Seeds beyond 2^53 are rounded: they need not be the fixture's. */
export function fixtureJobs(fixtures: readonly Fixture[]): Record<string, Request> {
  return Object.fromEntries(
    fixtures.flatMap(({ id, payload, expect }) => {
      const request: unknown = JSON.parse(payload)
      if (typeof request !== 'object' || request === null || !('payload' in request)) return []
      const faulty = expect !== undefined && 'fault' in expect
      return [[faulty ? `faulty-${id}` : id, reduced(Object(request))]]
    }),
  )
}

/** A request cut down to what a small model draws quickly. */
export function reduced(request: Request): Request {
  const payload = Object(request.payload)
  return {
    ...request,
    payload: {
      ...payload,
      width: Math.min(128, numberOr(payload.width, 64)),
      height: Math.min(128, numberOr(payload.height, 64)),
      ddim_steps: Math.min(8, numberOr(payload.ddim_steps, 8)),
      n_iter: Math.min(2, numberOr(payload.n_iter, 1)),
    },
  }
}

const numberOr = (value: unknown, otherwise: number) => (typeof value === 'number' ? value : otherwise)

/** A picture for jobs that start from one, base64. */
export async function sourcePicture(side: number): Promise<string> {
  const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side)]
    return i % 3 === 0 ? 4 * x : i % 3 === 1 ? 4 * y : 200 - x - y
  })
  return base64(await encodeImage({ width: side, height: side, channels: 3, pixels, format: 'png' }))
}

async function block(side: number): Promise<string> {
  const pixels = Uint8Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)]
    return x > side / 4 && x < side / 2 && y > side / 4 ? 255 : 0
  })
  return base64(await encodeImage({ width: side, height: side, channels: 1, pixels, format: 'png' }))
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
