import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Generation, StageTensor } from '../../engine/types.js'
import { FixtureError } from '../../errors.js'
import { encodeImage } from '../../imaging/encode.js'
import { writeSafetensors } from '../../models/files/safetensors.js'
import { blot, fakeEngine } from '../testing.js'
import { caseToJob } from './case-job.js'
import { parityMarkdown, withTable } from './markdown.js'
import { packModels, readPack, readPictures, readStages } from './pack.js'
import { runParity } from './run-parity.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pack-'))
  await writeFile(join(folder, 'pack.json'), JSON.stringify({ name: 'small', models: ['models', '../pocket'] }))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const CASE = {
  sampler: 'euler',
  scheduler: 'karras',
  keep_steps: [0],
  sensitivity: 1e-6,
  payload: { prompt: 'a (red:1.2) ring ### blurry', seed: 7, ddim_steps: 12, cfg_scale: 5, width: 72, height: 136 },
}

async function put(id: string, more: object = {}): Promise<void> {
  const own = join(folder, 'cases', id)
  await mkdir(own, { recursive: true })
  await writeFile(join(own, 'case.json'), JSON.stringify({ ...CASE, ...more }))
  await writeSafetensors(
    join(own, 'tensors.safetensors'),
    Object.fromEntries(
      ['cond', 'step0.x', 'latent'].map(name => [name, { dtype: 'F32', shape: [1, 2], data: Float32Array.of(3, 4) }]),
    ),
  )
  await writeFile(join(own, '0.png'), await encodeImage({ ...blot(1), channels: 3, format: 'png' }))
}

const value = (change = 0): StageTensor => ({ shape: [1, 2], data: Float32Array.of(3 + change, 4) })
const good = { cond: value(), 'step0.x': value(), latent: value() }

test('totals, reasons and exit codes follow from the cases', async () => {
  for (const id of ['a-good', 'b-drifting', 'c-lacking', 'd-unknown', 'e-dead']) await put(id)
  await put('d-unknown', { sampler: 'brand_new' })
  const pack = await readPack(folder)
  const seen: string[] = []
  const answers: Record<string, Partial<Generation>> = {
    'b-drifting': { stages: { ...good, 'step0.x': value(0.1), latent: value(0.1) } },
    'c-lacking': { state: 'fault', images: [], faults: [{ code: 'unsupported', message: 'no refiner yet' }] },
    'e-dead': { state: 'fault', images: [], faults: [{ code: 'lane', message: 'it died' }] },
  }
  const engine = fakeEngine({ answer: (_, id) => answers[id] ?? { stages: good } })
  const report = await runParity({
    pack,
    engine,
    onProgress: ({ result }) => result && seen.push(`${result.id} ${result.verdict}`),
  })
  expect(seen).toEqual([
    'a-good pass',
    'b-drifting fail',
    'c-lacking unsupported',
    'd-unknown unsupported',
    'e-dead error',
  ])
  expect(report.totals).toMatchObject({ pass: 1, fail: 1, unsupported: 2, error: 1, psnr: null })
  expect(report.totals.latent).toBeCloseTo(0.02, 6)
  expect(report.exitCode).toBe(1)
  expect(report.cases[1]).toMatchObject({ leavesAt: 'step0.x', reason: 'latent: error 2.0e-2, the limit is 0.0001' })
  expect(report.cases.map(({ reason }) => reason).slice(2)).toEqual([
    'no refiner yet',
    'there is no sampler brand_new here',
    'lane: it died',
  ])

  const exit = async (only: string[]) => (await runParity({ pack, engine, only })).exitCode
  expect([await exit(['a*']), await exit(['{a,c}-*']), await exit(['c*']), await exit(['{a,e}*'])]).toEqual([
    0, 0, 7, 7,
  ])
  await expect(runParity({ pack, engine, only: ['z*'] })).rejects.toThrow('has no case z*')

  const table = parityMarkdown(report)
  expect(table).toContain('1 pass · 1 fail · 2 unsupported · 1 error · worst latent 2.0e-2')
  expect(table).toContain('| a-good | pass | 0 |  |  |  | 0 | 1.0e-4 | identical |')
  expect(table).toContain('| b-drifting | fail, leaves at step0.x |')

  const page = (inner: string) =>
    `# Mine\n\n<!-- parity table: begin -->\n${inner}<!-- parity table: end -->\n\nSee above.\n`
  expect(withTable(page('an old table\n'), table)).toBe(page(table))
  expect(withTable('a page without marks', table)).toBe(table)
})

test('a case becomes a job as it is: no clamping, sizes of any multiple of 8, models by the pack', async () => {
  await put('plain')
  await put('variant', {
    checkpoint: 'tiny-sdxl.safetensors',
    extra_keys: ['v_pred', 'ztsnr'],
    noise: 'cpu',
    hires: { width: 256, height: 192, steps: 8, denoise: 0.65 },
    payload: {
      ...CASE.payload,
      clip_skip: 2,
      n_iter: 3,
      tiling: true,
      cfg_scale: 250,
      loras: [{ name: 'x', model: -0.7, clip: 1.3 }],
    },
  })
  const pack = await readPack(folder)
  const [plain, variant] = await Promise.all(pack.cases.map(one => caseToJob(pack, one)))
  expect(plain).toMatchObject({
    model: 'pocket-sd15.safetensors',
    prompt: 'a (red:1.2) ring ',
    negativePrompt: ' blurry',
    seed: 7n,
    width: 72,
    height: 136,
    steps: 12,
    clipSkip: 1,
    images: 1,
    denoise: 1,
    stepNoise: 'cuda',
  })
  expect(variant).toMatchObject({
    model: 'tiny-sdxl.safetensors+v_pred+ztsnr',
    width: 256,
    height: 192,
    hires: { firstWidth: 72, firstHeight: 136, steps: 8, denoise: 0.65 },
    cfgScale: 250,
    clipSkip: 2,
    images: 3,
    tiling: true,
    stepNoise: 'cpu',
    loras: [{ name: 'x', model: -0.7, clip: 1.3 }],
  })
  expect(packModels(pack)).toEqual({
    'pocket-sd15.safetensors': { file: join(folder, 'models/pocket-sd15.safetensors') },
    'tiny-sdxl.safetensors+v_pred+ztsnr': {
      file: join(folder, 'models/tiny-sdxl.safetensors'),
      extraKeys: ['v_pred', 'ztsnr'],
    },
  })
})

describe('what cannot be computed is not drawn as if it could', () => {
  test.each([
    ['a field of the case', { freeu: 1 }, 'unsupported', 'freeu, which is not known here'],
    [
      'a field of the payload',
      { payload: { ...CASE.payload, seed_variation: 2 } },
      'unsupported',
      'seed_variation, which is not known',
    ],
    ['a scheduler', { scheduler: 'turbo' }, 'unsupported', 'there is no scheduler turbo here'],
    [
      'a picture that is not there',
      { payload: { ...CASE.payload, source_processing: 'img2img', source_image: 'no.png' } },
      'error',
      'no.png cannot be read',
    ],
    [
      'a source without its picture',
      { payload: { ...CASE.payload, source_processing: 'img2img' } },
      'error',
      'payload.source_image is missing',
    ],
  ])('%s', async (_, more, verdict, reason) => {
    await put('one', more)
    const { cases } = await runParity({
      pack: await readPack(folder),
      engine: fakeEngine({ answer: () => ({ stages: good }) }),
    })
    expect(cases).toMatchObject([{ verdict, reason: expect.stringContaining(reason) }])
  })

  test.each([
    ['a case that is no JSON', '{"payload":', 'case.json: the payload is no JSON'],
    ['a case of a wrong type', JSON.stringify({ ...CASE, sampler: 7 }), 'case.json: sampler: '],
  ])('%s is an error of the pack', async (_, text, message) => {
    await put('one')
    await writeFile(join(folder, 'cases/one/case.json'), text)
    const error = await readPack(folder).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(FixtureError)
    expect(String(error)).toContain(message)
  })

  test('a folder that is no pack', async () => {
    await expect(readPack(join(folder, 'nowhere'))).rejects.toThrow(FixtureError)
    await expect(readPack(folder)).rejects.toThrow('has no folder cases')
  })

  test('lost tensors are an error of their case', async () => {
    await put('one')
    await cp(join(folder, 'cases/one/case.json'), join(folder, 'cases/one/tensors.safetensors'))
    const { cases, exitCode } = await runParity({
      pack: await readPack(folder),
      engine: fakeEngine({ answer: () => ({ stages: good }) }),
    })
    expect(cases).toMatchObject([{ verdict: 'error', reason: expect.stringContaining('tensors.safetensors') }])
    expect(exitCode).toBe(7)
  })
})

const REFERENCE = fileURLToPath(new URL('../../../../shared/reference', import.meta.url))

describe.skipIf(!existsSync(REFERENCE))('the reference pack (skipped where ../shared/reference is missing)', () => {
  test('every case is read and becomes a job whose files are there', async () => {
    const pack = await readPack(REFERENCE)
    expect(pack.cases).toHaveLength(155)
    for (const one of pack.cases) {
      const job = await caseToJob(pack, one)
      expect(job.seed, one.id).toBeTypeOf('bigint')
      if (job.control?.file !== undefined) expect(existsSync(job.control.file), one.id).toBe(true)
    }
    for (const { file } of Object.values(packModels(pack))) expect(existsSync(file), file).toBe(true)
  })

  test('compared with itself a case passes, and with another one it does not', async () => {
    const pack = await readPack(REFERENCE)
    const answer = async (id: string): Promise<Partial<Generation>> => ({
      stages: Object.fromEntries(await readStages(pack, id)),
      images: (await readPictures(pack, id)).map(picture => ({
        ...picture,
        sha256: '',
        format: 'png',
        file: new Uint8Array(),
      })),
    })
    const same = await answer('n-iter-3')
    const run = async (id: string) =>
      (await runParity({ pack, engine: fakeEngine({ answer: () => same }), only: [id] })).cases[0]
    expect(await run('n-iter-3')).toMatchObject({ verdict: 'pass' })
    expect(await run('cfg-12.0')).toMatchObject({ verdict: 'fail', leavesAt: 'noise' })
  })
})
