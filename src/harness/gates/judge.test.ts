import { describe, expect, test } from 'vitest'
import { sha256Hex } from '../canonical.js'
import type { Picture } from '../metrics/picture.js'
import type { CaseResult, Environment } from '../run-schema.js'
import { blot, caseOf, ENVIRONMENT, edited } from '../testing.js'
import { judge } from './judge.js'
import { DEFAULT_LIMITS, kinship } from './limits.js'
import { goldenOf } from './testing.js'

const PICTURE = blot(3)

interface Situation {
  picture?: Picture
  result?: Partial<CaseResult>
  environment?: Partial<Environment>
  golden?: ReturnType<typeof goldenOf>
}

function verdict({ picture = PICTURE, result = {}, environment = {}, golden = goldenOf(PICTURE) }: Situation) {
  return judge(
    { result: caseOf('a', picture, result), environment: { ...ENVIRONMENT, ...environment }, pictures: [picture] },
    golden,
    DEFAULT_LIMITS,
  )
}

const AVX2 = { class: 'cpu-x64-avx2-fp32-ort1.30.0', isa: 'avx2', device: 'Intel Xeon E5' }
const GPU = { class: 'cuda-h100-fp16-ort1.30.0', provider: 'cuda', device: 'H100', dtype: 'fp16' }

/** What other kernels do: a few values differ by one. */
const LAST_BITS = edited(PICTURE, (value, i) => value + (i % 997 === 0 ? 1 : 0))

describe('pictures', () => {
  test.each([
    ['identical', PICTURE, {}, 'pass', 'identical'],
    ['identical on an unknown machine', PICTURE, AVX2, 'pass', 'identical'],
    ['last bits on the same machine', LAST_BITS, {}, 'drift', 'not identical, as this machine drew it before'],
    [
      'last bits on another CPU of the class',
      LAST_BITS,
      { device: 'Intel Xeon 8488C' },
      'pass',
      'another processor of the class',
    ],
    ['last bits with other threads', LAST_BITS, { threads: 4 }, 'pass', 'another number of threads'],
    ['last bits on an unknown machine', LAST_BITS, AVX2, 'pass', 'a machine that the goldens do not know'],
    ['a brighter picture', edited(PICTURE, v => v + 6), {}, 'fail', 'PSNR 32.'],
    ['a brighter picture on an unknown machine', edited(PICTURE, v => v + 6), AVX2, 'fail', 'is below 40'],
    [
      'a brighter picture on a GPU',
      edited(PICTURE, v => v + 6),
      GPU,
      'fail',
      'the mean of a channel is off by 6 levels',
    ],
    ['another seed', blot(9), AVX2, 'fail', 'SSIM 0.'],
    ['another seed on a GPU', blot(20), GPU, 'fail', 'SSIM 0.'],
    ['grain on a GPU', edited(PICTURE, (v, i) => v + (((i * 7919) % 41) - 20)), GPU, 'fail', 'SSIM 0.'],
    [
      'swapped channels',
      edited(PICTURE, (_, i) => PICTURE.pixels[i - (i % 3) + 2 - (i % 3)] ?? 0),
      AVX2,
      'fail',
      'PSNR',
    ],
    [
      'a black square',
      edited(PICTURE, (v, i) => (i > 9000 && i % 192 < 40 ? 0 : v)),
      {},
      'fail',
      'the worst block is at 0,0',
    ],
  ] as const)('%s: %s', (_, picture, environment, expected, reason) => {
    const result = verdict({ picture, environment })
    expect(result).toMatchObject({ verdict: expected, reason: expect.stringContaining(reason) })
    expect(result.golden?.crossClass).toBe('class' in environment)
  })

  test('the verdict carries what was measured beside the limits, in finite numbers', () => {
    const gate = verdict({ picture: edited(PICTURE, v => v + 6) }).gates.find(({ gate }) => gate === 'pixels')
    expect(gate?.metrics).toMatchObject({
      limit_ssim: 0.98,
      limit_worst_block: 0.9,
      limit_psnr: 40,
    })
    for (const { metrics } of verdict({}).gates) {
      expect(Object.values(metrics).every(Number.isFinite)).toBe(true)
    }
  })

  test('on the same machine the first stage that differs is named', () => {
    const fingerprints = { ...caseOf('a', PICTURE).fingerprints, noise: sha256Hex('other'), latent: sha256Hex('other') }
    const reason = (environment: Partial<Environment>) =>
      verdict({ picture: blot(9), result: { fingerprints }, environment }).reason
    expect(reason({})).toContain('; the first stage that differs is noise')
    expect(reason(AVX2)).not.toContain('the first stage')
  })
})

describe('before the pictures are looked at', () => {
  test('a fault is an error that says which', () => {
    const faults = [{ code: 'unsupported', message: 'k_heun is not there yet' }]
    expect(verdict({ result: { state: 'fault', images: [], faults } })).toMatchObject({
      verdict: 'error',
      gate: 'contract',
      reason: 'it ended in a fault, unsupported: k_heun is not there yet',
    })
  })

  test.each([
    ['comes', 'fault', 'unsupported', 'pass', 'it ended in the fault that is expected, unsupported: not there yet'],
    ['is another one', 'fault', 'lane', 'fail', 'the fault unsupported is expected, lane came: not there yet'],
    ['stays away', 'ok', undefined, 'fail', 'the fault unsupported is expected, it was drawn'],
    ['is cancelled', 'cancelled', undefined, 'error', 'it was cancelled'],
  ] as const)('a fault that is expected: %s', (_, state, code, expected, reason) => {
    const faults = code === undefined ? [] : [{ code, message: 'not there yet' }]
    const fixture = { ...caseOf('a', PICTURE).fixture, expect: { fault: 'unsupported' } }
    expect(verdict({ result: { state, images: [], faults, fixture } })).toMatchObject({ verdict: expected, reason })
  })

  test('a control map is a picture without a plan; a photo without a plan is an error', () => {
    const { fixture } = caseOf('a', PICTURE)
    const map = { fixture: { ...fixture, output: 'control_map' as const }, plan: undefined, planSha256: undefined }
    const golden = goldenOf(PICTURE, { plan: undefined, planSha256: undefined })
    expect(verdict({ result: map, golden })).toMatchObject({
      verdict: 'pass',
      gates: expect.arrayContaining([expect.objectContaining({ reason: 'one control map' })]),
    })
    expect(verdict({ result: { ...map, fixture }, golden })).toMatchObject({ verdict: 'error' })
  })

  test('too few pictures, another size and a blank picture break the contract, golden or not', () => {
    const plan = { batch: 2, passes: [{ width: 64, height: 64 }] }
    expect(verdict({ result: { plan } })).toMatchObject({
      verdict: 'fail',
      gate: 'contract',
      reason: '2 pictures were asked for, 1 came',
    })
    const large = { batch: 1, passes: [{ width: 128, height: 64 }] }
    expect(verdict({ result: { plan: large } }).reason).toBe('picture 0 is 64×64×3, 128×64 was asked for')
    // As bright as each other by ITU-R BT.601, and no blank picture for that.
    const ring = edited(PICTURE, (_, i) => (i % 384 < 90 ? [200, 60, 40] : [40, 128, 100])[i % 3] ?? 0)
    expect(verdict({ picture: ring, golden: goldenOf(ring) }).verdict).toBe('pass')
    const black = edited(PICTURE, () => 0)
    expect(verdict({ picture: black })).toMatchObject({
      verdict: 'fail',
      gate: 'contract',
      reason: expect.stringContaining('blank'),
    })
    expect(verdict({ picture: black, golden: goldenOf(black) })).toMatchObject({ verdict: 'pass' })
  })

  test('a changed plan fails by the name of what changed, even if the picture is the same', () => {
    const changed = (pass: object) => ({
      plan: {
        version: 1,
        batch: 1,
        passes: [{ width: 64, height: 64, sampler: 'euler', sigmas: [14.6, 1, 0], ...pass }],
      },
      planSha256: sha256Hex('x'),
    })
    expect(verdict({ result: changed({ sampler: 'ddim' }) })).toMatchObject({
      verdict: 'fail',
      gate: 'plan',
      reason: 'the plan changed: passes[0].sampler was "euler", is "ddim"',
    })
    expect(verdict({ result: changed({ sigmas: [14.7, 1, 0], karras: true }) }).reason).toBe(
      'the plan changed: passes[0].karras was not there, is true; passes[0].sigmas[0] was 14.6, is 14.7',
    )
    expect(verdict({ result: changed({ sigmas: [14.600000001, 1, 0] }) })).toMatchObject({ verdict: 'pass' })
  })

  test('the approved plan goes along where it changed, and only there', () => {
    const plan = { version: 1, batch: 1, passes: [{ width: 64, height: 64, sampler: 'ddim' }] }
    expect(verdict({ result: { plan, planSha256: sha256Hex('x') } }).golden?.plan).toEqual(caseOf('a', PICTURE).plan)
    expect(verdict({}).golden).not.toHaveProperty('plan')
  })

  test('no golden, one of another version and one of another payload are no golden', () => {
    const bare = judge(
      { result: caseOf('a', PICTURE), environment: ENVIRONMENT, pictures: [PICTURE] },
      undefined,
      DEFAULT_LIMITS,
    )
    expect(bare).toMatchObject({
      verdict: 'no-golden',
      reason: 'nothing is approved for it: look at the picture and approve it',
    })
    expect(verdict({ golden: goldenOf(PICTURE, { fixtureVersion: 2 }) })).toMatchObject({
      verdict: 'no-golden',
      reason: expect.stringContaining('version 2'),
    })
    expect(verdict({ golden: goldenOf(PICTURE, { payloadSha256: sha256Hex('other') }) })).toMatchObject({
      verdict: 'no-golden',
      reason: expect.stringContaining('another payload'),
    })
  })
})

describe('beside another case', () => {
  const judged = (twin: { drawn?: Picture[] }, golden?: ReturnType<typeof goldenOf>) =>
    judge(
      { result: caseOf('a', PICTURE), environment: ENVIRONMENT, pictures: [PICTURE], twin: { id: 'off', ...twin } },
      golden,
      DEFAULT_LIMITS,
    )

  test('a picture that differs from its twin passes with the margin on record', () => {
    const { verdict, gates } = judged({ drawn: [blot(20)] }, goldenOf(PICTURE))
    expect(verdict).toBe('pass')
    expect(gates.map(({ gate }) => gate)).toEqual([
      'contract',
      'plan',
      'inputs',
      'conditioning',
      'latents',
      'pixels',
      'defects',
      'contrast',
    ])
    expect(gates.at(-1)?.metrics.margin).toBeGreaterThan(0.05)
  })

  test('a twin that is nowhere leaves a word in the verdict', () => {
    expect(judged({}, goldenOf(PICTURE))).toMatchObject({
      verdict: 'pass',
      reason: 'identical to the golden; not measured: contrast',
    })
  })

  test('without a golden the contrast is on record all the same', () => {
    expect(judged({ drawn: [blot(20)] })).toMatchObject({
      verdict: 'no-golden',
      gates: [{}, { gate: 'contrast', verdict: 'pass' }],
    })
  })
})

test('bits are expected of the same processor with the same threads, closeness of the same arithmetic', () => {
  const other = (more: Partial<Environment>) => kinship(ENVIRONMENT, { ...ENVIRONMENT, ...more })
  expect([other({}), other({ threads: 1 }), other(AVX2), other(GPU), other({ class: 'x', dtype: 'fp16' })]).toEqual([
    'machine',
    'class',
    'arithmetic',
    'other',
    'other',
  ])
  expect(kinship({ ...ENVIRONMENT, ...GPU }, { ...ENVIRONMENT, ...GPU })).toBe('device')
})
