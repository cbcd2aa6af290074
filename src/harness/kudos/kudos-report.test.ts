import { expect, test } from 'vitest'
import type { CaseResult, Run } from '../run-schema.js'
import { blot, caseOf, ENVIRONMENT } from '../testing.js'
import { kudosReport } from './kudos-report.js'
import { kudosSchema } from './kudos-schema.js'
import { BASIS_PAYLOAD, type KudosModel } from './model.js'
import { payloadClass } from './payload-class.js'
import { trafficJob } from './traffic.js'

/** Two seconds, and half a second less for each post-processor of the fourth column. */
const weights = new Float64Array(47)
weights[39] = -0.5
const MODEL: KudosModel = {
  file: 'm.npz',
  sha256: 'x',
  layers: [{ inputs: 47, outputs: 1, weights, bias: Float64Array.of(2) }],
  basisSeconds: 2,
}

function drawn(id: string, seconds: number, more: Partial<CaseResult['fixture']> = {}, wire = {}): CaseResult {
  const payload = { width: 512, height: 512, ddim_steps: 20, karras: true, sampler_name: 'k_euler', ...wire }
  const result = caseOf(id, blot(1))
  return {
    ...result,
    plan: { model: { baseline: 'stable_diffusion_xl' } },
    fixture: { ...result.fixture, payload: JSON.stringify({ payload }), ...more },
    timings: {
      load: 9000,
      encode: 0,
      steps: [
        { inside: 300, outside: 100 },
        { inside: 400, outside: 0 },
      ],
      decode: 0,
      output: 0,
      total: 9000 + 1000 * seconds,
    },
  }
}

const runOf = (cases: CaseResult[], backend = 'horde-onnx'): Run => ({
  schema: 'horde-onnx/run@1',
  id: 'r',
  createdAt: '',
  complete: true,
  command: 'replay',
  backend,
  version: '1',
  environment: ENVIRONMENT,
  models: [],
  wallMs: 1,
  cases,
  pending: [],
})

const RUN = runOf([
  drawn('plain', 10),
  drawn('lora', 15, { twin: 'plain', features: ['lora'] }, { loras: [{ name: 'x' }] }),
  drawn('wide', 20, {}, { width: 1024 }),
  { ...drawn('broken', 1), state: 'fault', images: [] },
])

test('kudos an hour leave out the loading, by class and over everything that was drawn', () => {
  const section = kudosReport(RUN, { model: MODEL })
  expect(section.cases.map(({ id, kudos, seconds }) => [id, kudos, seconds])).toEqual([
    ['plain', 22, 10],
    ['lora', 28, 15],
    ['wide', 22, 20],
  ])
  expect(section.cases[0]).toMatchObject({ kudosPerHour: 7920, stepsPerSecond: 2.5, multiplier: 2, by: 'model' })
  expect(section.classes).toEqual([
    { class: 'stable_diffusion_xl · txt2img · 512', cases: 2, pictures: 2, seconds: 25, kudos: 50, kudosPerHour: 7200 },
    { class: 'stable_diffusion_xl · txt2img · 768', cases: 1, pictures: 1, seconds: 20, kudos: 22, kudosPerHour: 3960 },
  ])
  expect(section.mix).toEqual({ cases: 3, pictures: 3, seconds: 45, kudos: 72, kudosPerHour: 5760 })
  expect(kudosSchema.parse(section)).toEqual(section)
})

test('what a feature adds is the case less its twin', () => {
  expect(kudosReport(RUN, { model: MODEL }).features).toEqual([
    { features: ['lora'], case: 'lora', twin: 'plain', kudos: 6, seconds: 5, secondsRatio: 1.5, kudosRatio: 28 / 22 },
  ])
})

test('a model that asks less for more is shown doing it', () => {
  expect(kudosReport(RUN, { model: MODEL }).oddities).toEqual([
    {
      what: 'post-processor 4x_AnimeSharp',
      message: '512×512, 20 steps of k_euler: post-processor 4x_AnimeSharp is expected to take 1.5 s, without it 2 s',
    },
  ])
})

test('against another run the payloads that both drew count', () => {
  const other = runOf([drawn('plain', 20), drawn('wide', 10, {}, { width: 1024 }), drawn('alone', 1)], 'comfyui')
  expect(kudosReport(RUN, { model: MODEL, against: other }).against).toEqual({
    run: 'r',
    backend: 'comfyui',
    version: '1',
    classes: [
      { class: 'stable_diffusion_xl · txt2img · 512', cases: 1, ratio: 2 },
      { class: 'stable_diffusion_xl · txt2img · 768', cases: 1, ratio: 0.5 },
    ],
    mix: 1,
  })
})

test('over recorded traffic a class counts as often as it is asked for, and says what it adds to the time', () => {
  const ask = (wire: object) =>
    trafficJob(JSON.stringify({ width: 512, height: 512, sampler_name: 'k_euler', ...wire }), 'stable_diffusion_xl')
  const jobs = [...Array.from({ length: 3 }, () => ask({})), ask({ width: 1024 }), ask({ width: 2048, height: 2048 })]
  const traffic = { from: 'pops', jobs }
  const alone = kudosReport(RUN, { model: MODEL, traffic }).traffic
  // Three jobs of the mean of `plain` and `lora`, one of `wide`.
  expect(alone).toMatchObject({ payloads: 5, covered: 4 })
  expect(alone?.uncovered).toEqual([{ class: 'stable_diffusion_xl · txt2img · 2048', payloads: 1 }])
  expect(alone?.kudosPerHour).toBeCloseTo((3600 * (3 * 25 + 22)) / (3 * 12.5 + 20), 9)
  expect(alone?.against).toBeUndefined()

  const other = runOf([drawn('plain', 8), drawn('wide', 40, {}, { width: 1024 })], 'comfyui')
  const section = kudosReport(RUN, { model: MODEL, against: other, traffic })
  const { against } = section.traffic ?? {}
  // Theirs takes 3 × 8 + 40 = 64 s, this one 3 × 10 + 20 = 50 s.
  expect(against?.ratio).toBeCloseTo(64 / 50, 12)
  expect(against?.classes).toEqual([
    { name: 'stable_diffusion_xl · txt2img · 768', share: 0.25, time: 0.5, adds: expect.closeTo(-20 / 64, 12) },
    { name: 'stable_diffusion_xl · txt2img · 512', share: 0.75, time: 1.25, adds: expect.closeTo(6 / 64, 12) },
  ])
  const euler = against?.features.find(({ name }) => name === 'sampler:k_euler')
  expect(euler).toMatchObject({ share: 1, time: 30 / 48, adds: expect.closeTo(30 / 48 - 1, 12) })
  expect(kudosSchema.parse(section)).toEqual(section)
})

test('classes go by family, kind and the smallest usual square', () => {
  const control = { ...BASIS_PAYLOAD, controlType: 'canny', sourceProcessing: 'img2img', hiresFix: true, width: 576 }
  expect(payloadClass(control, 'stable_diffusion_1')).toBe('stable_diffusion_1 · control, hires fix · 640')
  expect(payloadClass({ ...BASIS_PAYLOAD, width: 4096, height: 4096 }, 'x')).toBe('x · txt2img · larger')
})
