import { describe, expect, test } from 'vitest'
import type { Tensors } from '../tensor-file.js'
import { conditioningGate } from './conditioning.js'
import { describeGrowth, growthOf } from './growth.js'
import { inputsGate } from './inputs.js'
import { latentsGate } from './latents.js'
import { DEFAULT_LIMITS, type Kinship } from './limits.js'
import { type KnownStages, stageDistance } from './stage-distance.js'

const tensors = (values: Record<string, number[]>): Tensors =>
  new Map(Object.entries(values).map(([name, data]) => [name, { shape: [data.length], data: Float32Array.from(data) }]))

/** Stages with hashes of their own, so that only tensors can tell. */
const known = (who: string, values: Record<string, number[]>): KnownStages => ({
  fingerprints: Object.fromEntries(Object.keys(values).map(name => [name.replace('.sketch', ''), `${who} ${name}`])),
  tensors: tensors(values),
})

describe('the distance of a stage', () => {
  const golden = known('golden', { latent: [3, 0, 4], 'cond.sketch': [0, 10] })
  test.each([
    // ‖(0.3, 0, 0.4)‖ / ‖(3, 0, 4)‖ = 0.5 / 5.
    ['of whole tensors', 'latent', known('ours', { latent: [3.3, 0, 4.4] }), 0.1],
    ['of sketches', 'cond', known('ours', { 'cond.sketch': [0, 11] }), 0.1],
    ['of other shapes', 'latent', known('ours', { latent: [3, 0] }), Number.POSITIVE_INFINITY],
    ['of what is not finite', 'latent', known('ours', { latent: [3, 0, Number.NaN] }), Number.NaN],
    ['of equal hashes without tensors', 'latent', { fingerprints: golden.fingerprints }, 0],
    ['of other hashes without tensors', 'latent', { fingerprints: { latent: 'x' } }, undefined],
  ] as const)('%s', (_, stage, ours, expected) => {
    const distance = stageDistance(stage, ours, golden)
    if (typeof expected === 'number' && Number.isFinite(expected)) expect(distance).toBeCloseTo(expected, 6)
    else expect(distance).toBe(expected)
  })
})

const GOLDEN = known('golden', {
  'cond.sketch': [1, 2, 3],
  'uncond.sketch': [1, 0, 0],
  encoded: [1, 1],
  'noise.sketch': [1, -1],
  'sigmas.sketch': [14, 1],
  'step0.denoised': [1, 0],
  'step1.denoised': [1, 0],
  'step2.denoised.sketch': [1, 0],
  latent: [1, 0],
})

/** The golden's stages, with hashes of their own and some values replaced. */
function changed(values: Record<string, number[]>): KnownStages {
  const own = Object.fromEntries([...(GOLDEN.tensors ?? [])].map(([name, { data }]) => [name, [...data]]))
  return known('ours', { ...own, ...values })
}

const PLAN = { passes: [{ sampler: 'euler', steps: 4 }] }

function ladder(ours: KnownStages, { kinship = 'arithmetic' as Kinship, plan = PLAN, golden = GOLDEN } = {}) {
  const { stages } = DEFAULT_LIMITS.kin[kinship]
  const growth = growthOf(ours, golden)
  return [
    inputsGate({ ours, golden, limit: stages.noise }),
    conditioningGate({ ours, golden, limits: stages }),
    latentsGate({ ours, golden, limits: stages, kinship, plan, growth }),
  ]
}

describe('the gates of what is computed before there is a picture', () => {
  test.each([
    ['the last bits', { latent: [1, 1e-5], 'cond.sketch': [1, 2, 3.00001] }, ['pass', 'pass', 'pass'], ''],
    ['other noise', { 'noise.sketch': [-1, 1] }, ['fail', 'pass', 'pass'], 'noise is 2.0 away'],
    ['a schedule of another end', { 'sigmas.sketch': [14, 1.1] }, ['fail', 'pass', 'pass'], 'look at the schedule'],
    ['a lost clip skip', { 'cond.sketch': [1, 2, 3.1] }, ['pass', 'fail', 'pass'], 'clip skip'],
    ['a source that is read otherwise', { encoded: [1, 1.01] }, ['pass', 'fail', 'pass'], 'VAE encoder'],
    ['another UNet', { 'step0.denoised': [1, 0.1] }, ['pass', 'pass', 'fail'], 'look at the UNet'],
    [
      'another sampler',
      { 'step1.denoised': [1, 0.1], latent: [1, 0.1] },
      ['pass', 'pass', 'fail'],
      'it jumps at step 2',
    ],
    ['a latent that is not finite', { latent: [1, Number.NaN] }, ['pass', 'pass', 'fail'], 'not finite'],
    ['a latent of another shape', { latent: [1, 0, 0] }, ['pass', 'pass', 'fail'], 'another shape'],
  ] as const)('%s', (_, values, verdicts, reason) => {
    const gates = ladder(changed(values as unknown as Record<string, number[]>))
    expect(gates.map(({ verdict }) => verdict)).toEqual(verdicts)
    expect(gates.find(({ verdict }) => verdict === 'fail')?.reason ?? '').toContain(reason)
  })

  test('what could not be measured is said, and passes nothing', () => {
    const nothing = { fingerprints: {} }
    expect(ladder(nothing).map(({ verdict, reason }) => [verdict, reason])).toEqual(
      Array.from({ length: 3 }, () => ['unmeasured', 'not measured: the backend tells nothing of its stages']),
    )
    expect(ladder(changed({}), { golden: nothing }).map(({ reason }) => reason)).toEqual([
      'not measured: the golden has no noise and sigmas',
      'not measured: the golden has no embeddings and encoded pictures',
      'not measured: the golden has no latents',
    ])
    const hashes = { fingerprints: Object.fromEntries(Object.keys(GOLDEN.fingerprints).map(name => [name, 'other'])) }
    for (const gate of ladder(hashes)) expect(gate).toMatchObject({ verdict: 'unmeasured', metrics: {} })
  })

  test('a stage that the golden has and the case has not was lost', () => {
    const { fingerprints, tensors } = changed({})
    const { encoded: _, ...rest } = fingerprints
    const without = new Map([...(tensors ?? [])].filter(([name]) => name !== 'encoded'))
    expect(ladder({ fingerprints: rest, tensors: without })[1]).toMatchObject({
      verdict: 'fail',
      reason: expect.stringContaining('encoded was not computed'),
    })
  })

  test('few steps of a stochastic sampler are not judged on other devices, and are on CPUs', () => {
    const plan = { passes: [{ sampler: 'euler_ancestral', steps: 4 }] }
    const far = changed({ 'step1.denoised': [1, 0.9], latent: [1, 0.9] })
    expect(ladder(far, { plan, kinship: 'other' })[2]).toMatchObject({ verdict: 'unmeasured' })
    expect(ladder(far, { plan })[2]).toMatchObject({ verdict: 'fail' })
    expect(ladder(far, { kinship: 'other' })[2]).toMatchObject({ verdict: 'fail' })
  })
})

describe('growth over the steps', () => {
  test('has every step of which both sides know something, passes in order', () => {
    const golden = known('golden', {
      'pass2.step0.denoised.sketch': [1, 0],
      'step1.denoised': [1, 0],
      'step0.denoised': [2, 0],
    })
    const ours = known('ours', {
      'pass2.step0.denoised.sketch': [1, 1],
      'step1.denoised': [1, 0.5],
      'step0.denoised': [2, 0],
    })
    expect(growthOf(ours, golden)).toEqual([
      { pass: 1, step: 1, distance: 0 },
      { pass: 1, step: 2, distance: 0.5 },
      { pass: 2, step: 1, distance: 1 },
    ])
  })

  test.each([
    [[0, 0, 0], undefined],
    [[0.1, 0.1, 0.12], 'it is off from the first prediction on'],
    [[1e-6, 0.1, 0.2], 'it jumps at step 2'],
    [[1e-6, 4e-6, 2e-5, 9e-5], 'it grows slowly, from 0.0000010 at the first step'],
  ])('%j: %s', (distances, says) => {
    expect(describeGrowth(distances.map((distance, i) => ({ pass: 1, step: i + 1, distance })))).toBe(says)
  })
})
