import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { modelSampling } from '../model-sampling.js'
import { SAMPLER_NAMES, type SamplerName, SCHEDULER_NAMES, type SchedulerName } from '../names.js'
import { betaQuantile } from './beta-quantile.js'
import { scheduleSigmas } from './index.js'

const VECTORS = new URL('../../../../shared/reference/vectors/sigmas.json', import.meta.url)
const missing = !existsSync(VECTORS)

const MODELS = {
  sd15_sd2_sdxl: modelSampling({ prediction: 'eps', zeroTerminalSnr: false }),
  ztsnr: modelSampling({ prediction: 'v', zeroTerminalSnr: true }),
}

describe.skipIf(missing)(`sigmas of ComfyUI${missing ? ' (skipped: no ../shared/reference)' : ''}`, () => {
  interface Case {
    model: keyof typeof MODELS
    scheduler?: SchedulerName
    ksampler?: SamplerName
    steps: number
    denoise?: number
    sigmas: (number | null)[]
  }
  // Python writes NaN, which is no JSON: the single step of kl_optimal is one.
  const cases = (): Case[] => JSON.parse(readFileSync(VECTORS, 'utf8').replaceAll('NaN', 'null')).cases

  it.each(SCHEDULER_NAMES)('%s', scheduler => {
    const found = cases().filter(c => c.scheduler === scheduler && !c.sigmas.includes(null))
    expect(found.length).toBeGreaterThan(10)
    for (const { model, ksampler: sampler = 'euler', steps, denoise = 1, sigmas: expected } of found) {
      const sigmas = scheduleSigmas({ scheduler, sampler, steps, denoise, model: MODELS[model] })
      expect(sigmas).toHaveLength(expected.length)
      for (const [i, sigma] of sigmas.entries())
        expect(Math.abs(sigma - (expected[i] ?? NaN))).toBeLessThanOrEqual(5e-7 * (expected[i] ?? NaN))
    }
  })
})

describe('a schedule', () => {
  const model = MODELS.sd15_sd2_sdxl

  it.each(SCHEDULER_NAMES)('%s descends to 0, whatever the number of steps', scheduler => {
    for (const steps of [1, 2, 3, 7, 30, 500]) {
      const sigmas = [...scheduleSigmas({ scheduler, sampler: 'euler', steps, denoise: 1, model })]
      expect(sigmas.at(-1)).toBe(0)
      for (const [i, sigma] of sigmas.slice(1).entries()) expect(sigma).toBeLessThan(sigmas[i] ?? NaN)
    }
  })

  it.each(SAMPLER_NAMES)('of %s has as many steps as were asked for', sampler => {
    for (const denoise of [1, 0.5, 0.01])
      expect(scheduleSigmas({ scheduler: 'karras', sampler, steps: 9, denoise, model })).toHaveLength(10)
  })

  it('of ddim_uniform may have more: 30 steps stride 33 entries and make 31', () => {
    expect(scheduleSigmas({ scheduler: 'ddim_uniform', sampler: 'ddim', steps: 30, denoise: 1, model })).toHaveLength(
      32,
    )
  })

  it('is empty for a denoise of 0', () => {
    expect(scheduleSigmas({ scheduler: 'normal', sampler: 'euler', steps: 9, denoise: 0, model })).toHaveLength(0)
  })

  it('starts a single step of kl_optimal, a NaN in ComfyUI, from the largest sigma', () => {
    const [first] = scheduleSigmas({ scheduler: 'kl_optimal', sampler: 'euler', steps: 1, denoise: 1, model })
    expect(first).toBeCloseTo(model.sigmaMax, 4)
  })
})

describe('quantiles of the beta distribution', () => {
  it('of Beta(½, ½) are those of the arcsine law', () => {
    for (const p of [1e-6, 0.01, 0.2, 0.5, 0.73, 0.999])
      expect(betaQuantile(p, 0.5)).toBeCloseTo(Math.sin((Math.PI * p) / 2) ** 2, 13)
  })

  it('enclose their share, counted by brute force', () => {
    // ∫ (t(1 − t))^−0.4 dt with t = u^2.5, which takes the pole away: the integrand becomes 2.5·u^0.5·(1 − u^2.5)^−0.4.
    const mass = (x: number): number => {
      const n = 200_000
      const end = x ** 0.4
      let sum = 0
      for (let i = 0; i < n; i++) {
        const u = (end * (i + 0.5)) / n
        sum += u ** 0.5 * (1 - u ** 2.5) ** -0.4
      }
      return (2.5 * sum * end) / n
    }
    const half = mass(0.5)
    for (const p of [0.02, 0.25, 0.4]) expect(mass(betaQuantile(p, 0.6)) / (2 * half)).toBeCloseTo(p, 6)
  })
})
