import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { engineBackend } from '../../backends/engine-backend.js'
import { checkRun } from '../check.js'
import type { Fixture } from '../fixture/fixture.js'
import { DEFAULT_LIMITS } from '../gates/limits.js'
import { approve } from '../golden/approve.js'
import { replay } from '../replay.js'
import { blot, type Draw, edited, fakeEngine } from '../testing.js'
import { calibrate } from './calibrate.js'
import { calibratedLimits } from './limits.js'
import { NO_NOISE, observe } from './observe.js'
import { readCalibration } from './schema.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'calibration-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const payload = JSON.stringify({ payload: { prompt: 'p', seed: 1 }, model: 'none' })
const FIXTURE: Fixture = {
  id: 'a',
  file: 'a.yaml',
  version: 1,
  features: [],
  output: 'photo',
  payload,
  payloadSha256: '1'.padStart(64, '0'),
}

/** An engine whose every render is off by ±1 in other places. */
function noisy(): Draw {
  let render = 0
  return ({ seed }) => {
    const at = render++
    return { pictures: [edited(blot(seed), (value, i) => value + ((i * 31 + at * 7) % 5 === 0 ? 1 : 0))] }
  }
}

const goldens = () => join(folder, 'golden')

function run(draw?: Draw, name = 'work') {
  return calibrate({
    settings: [
      { name: 'alone', open: async () => engineBackend(fakeEngine(draw && { draw })) },
      { name: 'one thread', open: async () => engineBackend(fakeEngine(draw && { draw })) },
    ],
    fixtures: [FIXTURE],
    repeats: 2,
    work: join(folder, name),
    goldens: goldens(),
  })
}

describe('calibrating', () => {
  test('keeps the largest difference of any two renders beside the goldens of the class', async () => {
    const { calibration } = await run(noisy())
    const noise = calibration.cases.a
    expect(noise?.repeatable).toBe(false)
    // Of two renders a fifth of the values each is off by one, at other places: 2/5 differ by 1.
    expect(noise?.rms).toBeCloseTo(Math.sqrt(0.4), 1)
    expect(await readCalibration(goldens(), calibration.environment.class)).toEqual(calibration)
  })

  test('of a class that draws the same every time finds nothing', async () => {
    expect((await run()).calibration.cases.a).toEqual(NO_NOISE)
  })

  test('bit equality is then asked of nobody whose repeats differ', async () => {
    await run(noisy())
    const approved = join(folder, 'approved')
    const backend = engineBackend(fakeEngine())
    await replay({ backend, fixtures: [FIXTURE], out: approved })
    await approve({ run: approved, goldens: goldens(), reason: 'r', who: 'us', allowDirty: true })
    const out = join(folder, 'out')
    const draw = noisy()
    await replay({ backend: engineBackend(fakeEngine({ draw })), fixtures: [FIXTURE], out })
    expect((await checkRun(out, goldens())).run.cases[0]?.verdict).toMatchObject({ verdict: 'pass' })
    await rm(join(goldens(), (await checkRun(out, goldens())).run.environment.class, '@calibration.json'))
    expect((await checkRun(out, goldens())).run.cases[0]?.verdict).toMatchObject({ verdict: 'drift' })
  })

  test('a damaged calibration is an error that says where', async () => {
    const { file, calibration } = await run()
    await writeFile(file, '{"schema":"horde-onnx/calibration@1"}')
    await expect(readCalibration(goldens(), calibration.environment.class)).rejects.toThrow('is damaged: environment')
  })
})

test('limits become three times the noise where that is more than the policy', () => {
  const noise = { ...NO_NOISE, repeatable: false, ssim: 0.99, rms: 1, local: 0.2, mean: 0.4 }
  const { kin } = calibratedLimits(DEFAULT_LIMITS, { ...noise, stages: { ...noise.stages, first: 1e-2 } })
  expect(kin.machine.pixels.exact).toBe(false)
  expect(kin.class.pixels.fail.ssim).toBeCloseTo(0.97, 9)
  // 20·log10(255 / 3) = 38.59 dB.
  expect(kin.class.pixels.fail.psnr).toBeCloseTo(38.59, 2)
  expect(kin.class.defects).toMatchObject({ local: 1, mean: expect.closeTo(1.2, 9) })
  expect(kin.class.stages).toMatchObject({ first: expect.closeTo(3e-2, 9), last: 2e-2 })
  expect(kin.other).toEqual(DEFAULT_LIMITS.kin.other)
  expect(calibratedLimits(DEFAULT_LIMITS, NO_NOISE)).toEqual({ ...DEFAULT_LIMITS, noise: 0 })
  expect(calibratedLimits(DEFAULT_LIMITS, undefined)).toBe(DEFAULT_LIMITS)
})

test('stages are observed by their kind', () => {
  const picture = blot(1)
  const render = (latent: number, cond: number) => ({
    pictures: [picture],
    result: { images: [], fingerprints: { latent: String(latent), cond: String(cond) } } as never,
    tensors: new Map([
      ['latent', { shape: [2], data: Float32Array.of(3, latent) }],
      ['cond.sketch', { shape: [1], data: Float32Array.of(cond) }],
    ]),
  })
  // ‖(0, 0.5)‖ / ‖(3, 4)‖ = 0.1, |1 − 2| / 2 = 0.5.
  expect(observe(render(4, 2), render(4.5, 1), { sameSettings: true }).stages).toEqual({
    noise: 0,
    embeddings: 0.5,
    encoded: 0,
    first: 0,
    last: expect.closeTo(0.1, 6),
  })
})
