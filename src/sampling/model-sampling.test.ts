import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { modelSampling } from './model-sampling.js'

const VECTORS = new URL('../../../shared/reference/vectors/sigmas.json', import.meta.url)
const missing = !existsSync(VECTORS)

const eps = modelSampling({ prediction: 'eps', zeroTerminalSnr: false })
const v = modelSampling({ prediction: 'v', zeroTerminalSnr: false })
const zeroSnr = modelSampling({ prediction: 'v', zeroTerminalSnr: true })

describe.skipIf(missing)(`tables of ComfyUI${missing ? ' (skipped: no ../shared/reference)' : ''}`, () => {
  interface Table {
    model: string
    table_first?: number[]
    table_last: number[]
    sum: number
    t_of_sigma: [number, number][]
    sigma_of_t: [number, number][]
  }
  // Python writes NaN, which is no JSON.
  const tables = (): Table[] => JSON.parse(readFileSync(VECTORS, 'utf8').replaceAll('NaN', 'null')).cases

  it.each([
    { name: 'sd15_sd2_sdxl', model: eps },
    { name: 'ztsnr', model: zeroSnr },
  ])('$name', ({ name, model }) => {
    const table = tables().find(found => found.model === name && found.table_first)
    if (!table) throw new Error(`no table of ${name}`)
    expect([...model.sigmas.subarray(0, 6)]).toEqual(table.table_first)
    expect([...model.sigmas.subarray(-6)]).toEqual(table.table_last)
    expect(model.sigmas.reduce((sum, sigma) => sum + sigma, 0)).toBeCloseTo(table.sum, 3)
    for (const [sigma, t] of table.t_of_sigma) expect(model.timestep(sigma)).toBe(t)
    for (const [t, sigma] of table.sigma_of_t) expect(model.sigmaAt(t)).toBeCloseTo(sigma, 6)
  })
})

describe('a model with discrete steps', () => {
  it('names every entry of its table by its index', () => {
    for (const model of [eps, zeroSnr]) expect([...model.sigmas].map(model.timestep)).toEqual([...Array(1000).keys()])
  })

  it('takes sigmas beyond the table for its ends', () => {
    expect([eps.timestep(1e-6), eps.timestep(1e6)]).toEqual([0, 999])
    expect([eps.sigmaAt(-3), eps.sigmaAt(2000)]).toEqual([eps.sigmaAt(0), eps.sigmaAt(999)])
  })

  it('shows its UNet latents of unit variance', () => {
    // A unit-variance latent under noise of sigma 3 has a variance of 10.
    const [shown] = eps.scaleInput(Float32Array.of(Math.sqrt(10)), 3)
    expect(shown).toBeCloseTo(1, 6)
  })
})

describe('the denoised prediction', () => {
  // A latent and its noise, put together as each parametrisation defines them: a perfect model must give the latent back.
  const latent = Float32Array.of(0.3, -1.2, 2.5)
  const noise = Float32Array.of(-0.7, 0.4, 1.1)
  const noised = (sigma: number) => latent.map((value, i) => value + sigma * (noise[i] ?? 0))

  it.each([0.03, 1, 14.6])('of a perfect eps model at sigma %d is the latent', sigma => {
    for (const [i, value] of eps.denoised(noised(sigma), noise, sigma).entries())
      expect(value).toBeCloseTo(latent[i] ?? NaN, 5)
  })

  it.each([0.03, 1, 14.6])('of a perfect v model at sigma %d is the latent', sigma => {
    const alpha = 1 / Math.sqrt(1 + sigma ** 2)
    const velocity = latent.map((value, i) => alpha * (noise[i] ?? 0) - sigma * alpha * value)
    for (const [i, value] of v.denoised(noised(sigma), velocity, sigma).entries())
      expect(value).toBeCloseTo(latent[i] ?? NaN, 5)
  })

  it.each(['edm-v', 'edm-eps'] as const)('of a perfect %s model follows EDM’s preconditioning', prediction => {
    const [sigma, sigmaData] = [2, 0.5]
    const edm = modelSampling({ prediction, zeroTerminalSnr: false, edm: { sigmaMin: 0.002, sigmaMax: 80, sigmaData } })
    const skip = sigmaData ** 2 / (sigma ** 2 + sigmaData ** 2)
    const out = ((prediction === 'edm-eps' ? 1 : -1) * sigma * sigmaData) / Math.hypot(sigma, sigmaData)
    const answer = latent.map((value, i) => (value - skip * (noised(sigma)[i] ?? 0)) / out)
    for (const [i, value] of edm.denoised(noised(sigma), answer, sigma).entries())
      expect(value).toBeCloseTo(latent[i] ?? NaN, 5)
  })
})

describe('an EDM model', () => {
  const edm = modelSampling({
    prediction: 'edm-v',
    zeroTerminalSnr: false,
    edm: { sigmaMin: 0.002, sigmaMax: 120, sigmaData: 1 },
  })

  it('tells its UNet a quarter of the logarithm of sigma', () => {
    expect(edm.timestep(Math.E)).toBeCloseTo(0.25, 6)
    expect(edm.sigmaAt(edm.timestep(7.3))).toBeCloseTo(7.3, 5)
  })

  it('spaces its table evenly in log sigma', () => {
    expect([edm.sigmaMin, edm.sigmaMax]).toEqual([expect.closeTo(0.002, 8), expect.closeTo(120, 4)])
    expect((edm.sigmas[500] ?? NaN) ** 2 / ((edm.sigmas[499] ?? NaN) * (edm.sigmas[501] ?? NaN))).toBeCloseTo(1, 5)
  })
})

describe('the start of sampling', () => {
  const noise = Float32Array.of(1, -2)

  it('at the top of the table has the variance of noise and picture', () => {
    // √(1 + 14.614641²) = 14.648814
    expect([...eps.noiseScaling({ sigma: eps.sigmaMax, noise })]).toEqual([
      expect.closeTo(14.648814, 5),
      expect.closeTo(-29.297628, 5),
    ])
  })

  it('below the top is the source under noise of sigma', () => {
    expect([...eps.noiseScaling({ sigma: 2, noise, latent: Float32Array.of(10, 20) })]).toEqual([12, 16])
  })
})
