/** One sampling pass: the first noise, the sampler's requests answered one by one, and the steps reported. */
import { performance } from 'node:perf_hooks'
import type { SamplingPass } from '../plan/types.js'
import { inpaint, inpaintNoise } from '../sampling/inpaint.js'
import type { ModelSampling } from '../sampling/model-sampling.js'
import { stepNoise, torchCpuNoise } from '../sampling/noise/index.js'
import { createSampler } from '../sampling/samplers/index.js'
import type { Latent } from '../sampling/types.js'
import { type ControlFeed, denoise } from './denoise.js'
import type { JobClock } from './schedule/scheduler.js'
import type { Session } from './session.js'
import type { StageRecorder } from './stages.js'
import type { Conditioning } from './text.js'

export type LatentShape = readonly [n: number, channels: number, h: number, w: number]

export interface SampleInput {
  pass: SamplingPass
  shape: LatentShape
  /** Latent the noise is added to, at the model's scale; zeros where there is none. */
  start?: Latent
  /** As large as the latent: 1 is painted, 0 keeps `start`. */
  mask?: Float32Array | undefined
  concat?: Float32Array | undefined
  control?: ControlFeed | undefined
  unet: Session
  model: ModelSampling
  cond: Conditioning
  uncond: Conditioning
  clock: JobClock
  recorder?: StageRecorder
  /** Called between two requests; throws to stop. */
  checkpoint(): void
  onStep(step: number, timing: { inside: number; outside: number }): void
}

/** The pass's final latent, at the model's scale. */
export async function sample(input: SampleInput): Promise<Latent> {
  const { pass, shape, start, mask, model, recorder } = input
  const seed = BigInt(pass.seed)
  const sigmas = Float32Array.from(pass.sigmas)
  const noise = torchCpuNoise(seed, shape)
  recorder?.record('noise', shape, noise)
  recorder?.record('sigmas', [sigmas.length], sigmas)
  if (sigmas.length < 2) return start ?? new Float32Array(noise.length)

  const painting =
    mask === undefined || start === undefined
      ? undefined
      : inpaint({ mask, latent: start, noise: inpaintNoise(pass.sampler, seed, shape) })

  const sampler = createSampler(pass.sampler, {
    x: model.noiseScaling({ sigma: sigmas[0] ?? 0, noise, latent: start }),
    sigmas,
    noise: stepNoise({ sampler: pass.sampler, kind: pass.stepNoise, seed, shape, sigmas }),
    sigmaMin: model.sigmaMin,
    sigmaMax: model.sigmaMax,
    onStep: (step, shown) => recorder?.recordStep(step, pass.steps, shape, shown),
  })

  let since = performance.now()
  let before = { ...input.clock }
  let reported = 0
  let state = sampler.next()
  while (!state.done) {
    input.checkpoint()
    const { x, sigma, step } = state.value
    const shown = painting === undefined ? x : painting.maskInput(x, sigma)
    const prediction = await denoise({ ...input, cfgScale: pass.cfgScale, x: shown, sigma })
    const denoised = painting === undefined ? prediction : painting.maskOutput(prediction)
    if (step !== undefined) reported = step
    state = sampler.next(denoised)
    const upcoming = state.done ? undefined : state.value.step
    // A step ends where the next one begins: samplers that ask twice a step count both runs.
    if (state.done || (upcoming !== undefined && upcoming !== reported)) {
      const now = performance.now()
      const inside = input.clock.inside - before.inside
      const waited = input.clock.waited - before.waited
      input.onStep(reported, { inside, outside: Math.max(0, now - since - inside - waited) })
      since = now
      before = { ...input.clock }
    }
  }
  return state.value
}
