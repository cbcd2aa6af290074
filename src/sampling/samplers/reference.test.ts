/** The samplers with the pocket model's UNet and the reference's text embeddings, against what ComfyUI drew with them. */
import { existsSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Array32, type LoadedGraph, loadGraph, relativeError } from '../../../test/support/run-graph.js'
import { openCheckpoint, readFloats } from '../../models/checkpoint.js'
import { detectModel } from '../../models/detect.js'
import type { ModelFacts } from '../../models/facts.js'
import { buildUnet } from '../../networks/index.js'
import { guide } from '../guidance.js'
import { type ModelSampling, modelSampling } from '../model-sampling.js'
import { SAMPLER_NAMES, type SamplerName, type SchedulerName } from '../names.js'
import { stepNoise, torchCpuNoise } from '../noise/index.js'
import { scheduleSigmas } from '../schedules/index.js'
import type { Latent, StepShown } from '../types.js'
import { createSampler } from './index.js'

const POCKET = '../shared/pocket/pocket-sd15.safetensors'
const CASES = '../shared/reference/cases'
const missing = !existsSync(POCKET) || !existsSync(CASES)

interface Case {
  sampler: SamplerName
  scheduler: SchedulerName
  noise?: 'cuda' | 'cpu'
  payload: { seed: number; ddim_steps: number; cfg_scale: number }
}

const ids = [
  ...SAMPLER_NAMES.map(name => `sampler-${name}`),
  'sampler-dpm_2_ancestral-normal',
  'sampler-uni_pc_bh2-normal',
  'cpu-noise-euler_ancestral',
  'n-iter-3',
  'steps-1',
]

describe.skipIf(missing)(
  `pictures of ComfyUI${missing ? ' (skipped: no ../shared/reference, ../shared/pocket)' : ''}`,
  () => {
    let facts: ModelFacts
    let model: ModelSampling
    let unet: LoadedGraph

    beforeAll(async () => {
      const checkpoint = await openCheckpoint(POCKET)
      facts = await detectModel(checkpoint)
      model = modelSampling(facts.sampling)
      unet = await loadGraph(buildUnet(checkpoint, facts), { intraOpNumThreads: 1 })
    })
    afterAll(() => unet.release())

    /** The guided prediction for a batch whose items share the prompt. */
    async function denoise(x: Array32, sigma: number, prompts: { cond: Array32; uncond: Array32 }, cfgScale: number) {
      const [n = 1, ...rest] = x.shape
      const predict = async ({ shape: [, tokens = 0, width = 0], data }: Array32): Promise<Latent> => {
        const { out } = await unet.run({
          x: { shape: [n, ...rest], data: model.scaleInput(x.data, sigma) },
          timesteps: { shape: [n], data: new Float32Array(n).fill(model.timestep(sigma)) },
          context: {
            shape: [n, tokens, width],
            data: Float32Array.from(
              Array(n)
                .fill([...data])
                .flat(),
            ),
          },
        })
        return model.denoised(x.data, out?.data ?? new Float32Array(), sigma)
      }
      return guide(await predict(prompts.cond), await predict(prompts.uncond), cfgScale)
    }

    it.each(ids)('%s', async id => {
      const {
        sampler: name,
        scheduler,
        noise: kind = 'cuda',
        payload,
      }: Case = JSON.parse(readFileSync(`${CASES}/${id}/case.json`, 'utf8'))
      const { tensors } = await openCheckpoint(`${CASES}/${id}/tensors.safetensors`)
      const recorded = async (key: string): Promise<Array32> => {
        const entry = tensors.get(key)
        if (!entry) throw new Error(`${id} has no tensor ${key}`)
        return { shape: entry.shape, data: await readFloats(entry) }
      }
      const prompts = { cond: await recorded('cond'), uncond: await recorded('uncond') }
      const { shape, data: expectedNoise } = await recorded('noise')
      const seed = BigInt(payload.seed)

      const noise = torchCpuNoise(seed, shape)
      expect(noise).toEqual(expectedNoise)
      const sigmas = scheduleSigmas({ scheduler, sampler: name, steps: payload.ddim_steps, denoise: 1, model })
      expect(relativeError(sigmas, (await recorded('sigmas')).data)).toBeLessThan(1e-7)

      const shown: StepShown[] = []
      const { sigmaMin, sigmaMax } = model
      const sampler = createSampler(name, {
        x: model.noiseScaling({ sigma: sigmas[0] ?? 0, noise }),
        sigmas,
        sigmaMin,
        sigmaMax,
        noise: stepNoise({ sampler: name, kind, seed, shape, sigmas }),
        onStep: (_, step) => shown.push(step),
      })
      let state = sampler.next()
      while (!state.done) {
        const { x, sigma } = state.value
        state = sampler.next(await denoise({ shape, data: x }, sigma, prompts, payload.cfg_scale))
      }

      for (const key of tensors.keys()) {
        const [, step, what] = /^step(\d+)\.(x|denoised)$/.exec(key) ?? []
        if (step === undefined) continue
        const ours = shown[Number(step)]?.[what === 'x' ? 'x' : 'denoised'] ?? new Float32Array()
        expect(relativeError(ours, (await recorded(key)).data)).toBeLessThan(1e-4)
      }
      const latent = state.value.map(value => value / facts.vae.scaleFactor)
      // The pack allows 1e-4 and more.
      expect(relativeError(latent, (await recorded('latent')).data)).toBeLessThan(5e-5)
    })
  },
)
