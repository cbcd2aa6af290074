import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { engineBackend } from '../../backends/engine-backend.js'
import type { Fixture } from '../fixture/fixture.js'
import { replay } from '../replay.js'
import { readRun, writeRun } from '../run-store.js'
import { blot, type Draw, ENVIRONMENT, edited, fakeEngine } from '../testing.js'
import { compareRuns } from './compare-runs.js'
import { comparisonSchema } from './schema.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'compare-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function fixture(id: string, seed: number, features: string[]): Fixture {
  const payload = JSON.stringify({ payload: { prompt: 'p', seed }, model: 'none' })
  const payloadSha256 = String(seed).padStart(64, '0')
  return { id, file: `${id}.yaml`, version: 1, features, output: 'photo', payload, payloadSha256 }
}

const FIXTURES = [
  fixture('a', 1, ['sampler']),
  fixture('b', 2, ['sampler', 'hires']),
  fixture('c', 3, ['hires']),
  fixture('d', 4, []),
]

async function drawn(name: string, draw?: Draw, fixtures = FIXTURES): Promise<string> {
  const out = join(folder, name)
  // Of a machine of its own, so that a run on any real one compares alike.
  const engine = fakeEngine({ ...(draw && { draw }), environment: { ...ENVIRONMENT, provider: 'webgpu' } })
  await replay({ backend: engineBackend(engine), fixtures, out })
  return out
}

const compare = (reference: string, ...candidates: string[]) =>
  compareRuns({ reference, candidates, out: join(folder, 'out') })

const dark = (seed: number) => ({
  pictures: [edited(blot(seed), v => v - 60)],
  fingerprints: { noise: '0'.repeat(64), latent: String(seed).padStart(64, '1') },
})

describe('two runs', () => {
  test('that are the same are the same in every feature', async () => {
    const { comparison, exitCode } = await compare(await drawn('one'), await drawn('two'))
    expect(exitCode).toBe(0)
    expect(comparison.matrix.map(({ feature, cells }) => [feature, cells[0]?.standing, cells[0]?.counts])).toEqual([
      ['(none)', 'same', { same: 1 }],
      ['hires', 'same', { same: 2 }],
      ['sampler', 'same', { same: 2 }],
    ])
    expect(comparison.groups).toEqual([])
  })

  test('a change shows in the matrix by feature, and its cases are one cause', async () => {
    const before = await drawn('before')
    const after = await drawn('after', ({ seed }) =>
      seed === 2 || seed === 3 ? dark(seed) : { pictures: [blot(seed)] },
    )
    const { comparison, exitCode, runs } = await compare(before, after)
    expect(exitCode).toBe(1)
    expect(comparison.matrix.map(({ feature, cells }) => [feature, cells[0]?.standing, cells[0]?.counts])).toEqual([
      ['(none)', 'same', { same: 1 }],
      ['hires', 'different', { different: 2 }],
      ['sampler', 'different', { different: 1, same: 1 }],
    ])
    expect(comparison.groups).toMatchObject([
      {
        cases: ['b', 'c'],
        features: ['hires'],
        verdict: 'fail',
        gate: 'pixels',
        says: expect.stringContaining('darker'),
      },
    ])
    expect(comparisonSchema.parse(JSON.parse(await readFile(join(folder, 'out/comparison.json'), 'utf8')))).toEqual(
      comparison,
    )
    // The folder is a run of its own: the reference's pictures stand where goldens would.
    expect(runs[0]?.run.cases[1]?.verdict?.golden?.images[0]?.file).toBe('golden/b.0.png')
    expect(existsSync(join(folder, 'out/golden/b.0.png'))).toBe(true)
    expect(JSON.parse(await readFile(join(after, 'run.json'), 'utf8'))).not.toHaveProperty('comparison')
  })

  test('what a backend cannot do is unsupported, never a pass; what broke is a fault', async () => {
    const draw: Draw = ({ seed }) =>
      seed < 3
        ? { pictures: [blot(seed)] }
        : { state: 'fault', faults: [{ code: seed === 3 ? 'unsupported' : 'lane', message: 'no' }] }
    const { comparison, exitCode } = await compare(await drawn('one'), await drawn('two', draw))
    expect(comparison.matrix.map(({ feature, cells }) => [feature, cells[0]?.standing])).toEqual([
      ['(none)', 'fault'],
      ['hires', 'unsupported'],
      ['sampler', 'same'],
    ])
    expect(exitCode).toBe(7)
  })

  test('a backend that plans nothing is compared by its pictures, and its plans are said not to be measured', async () => {
    const theirs = await drawn('theirs')
    const run = await readRun(theirs)
    const planless = run.cases.map(({ plan: _, planSha256: __, ...each }) => each)
    await writeRun(theirs, { ...run, backend: 'comfyui', cases: planless })
    const ours = await drawn('ours', ({ seed }) => (seed === 4 ? dark(seed) : { pictures: [blot(seed)] }))
    for (const [reference, candidate] of [
      [theirs, ours],
      [ours, theirs],
    ] as const) {
      const out = join(folder, `out-${candidate === ours}`)
      const { comparison, runs, exitCode } = await compareRuns({ reference, candidates: [candidate], out })
      expect(comparison.matrix.map(({ cells }) => cells[0]?.standing)).toEqual(['different', 'same', 'same'])
      const plan = runs[0]?.run.cases[0]?.verdict?.gates.find(({ gate }) => gate === 'plan')
      expect(plan).toMatchObject({ verdict: 'unmeasured', reason: expect.stringContaining('another backend') })
      expect(exitCode).toBe(1)
    }
  })

  test('several candidates are several columns', async () => {
    const [one, two, three] = [await drawn('one'), await drawn('two'), await drawn('three', ({ seed }) => dark(seed))]
    const { comparison, runs } = await compare(one, two, three)
    expect(comparison.candidates.map(({ name }) => name.split(' ')[0])).toEqual(['two', 'three'])
    expect(comparison.matrix[0]?.cells.map(({ standing }) => standing)).toEqual(['same', 'different'])
    expect(runs.map(run => run.folder)).toEqual([join(folder, 'out/two'), join(folder, 'out/three')])
  })
})

describe('what cannot be compared is told and never green', () => {
  test('no case in common', async () => {
    const other = await drawn('other', undefined, [fixture('z', 9, [])])
    await expect(compare(await drawn('one'), other)).rejects.toThrow(/no case in common: z here, a, b, c there/)
  })

  test('cases that one side lacks, and payloads that differ', async () => {
    const changed = [FIXTURES[0], { ...fixture('b', 7, ['hires']) }, fixture('new', 8, [])].filter(f => f !== undefined)
    const [one, two] = [await drawn('one'), await drawn('two', undefined, changed)]
    const { comparison, exitCode } = await compare(one, two)
    expect(exitCode).toBe(3)
    expect(comparison.uncompared).toEqual([
      { id: 'b', candidate: 0, reason: 'another payload was drawn there under this name' },
      { id: 'new', candidate: 0, reason: 'the reference does not have it' },
      { id: 'c', candidate: 0, reason: 'only the reference has it' },
      { id: 'd', candidate: 0, reason: 'only the reference has it' },
    ])
    const common = { reference: one, candidates: [two], out: join(folder, 'common'), common: true }
    expect((await compareRuns(common)).exitCode).toBe(0)
  })

  test('pictures of another size', async () => {
    const small: Draw = ({ seed }) => ({ pictures: [blot(seed, { width: 32 })] })
    const { comparison, exitCode } = await compare(await drawn('one'), await drawn('two', small))
    expect(exitCode).toBe(1)
    expect(comparison.groups[0]?.says).toMatch(/plan: passes\[\]\.width/)
  })

  test('a folder that holds neither a run nor goldens; an output folder that is used', async () => {
    const one = await drawn('one')
    await expect(compare(folder, one)).rejects.toThrow(/holds no readable run/)
    await expect(compareRuns({ reference: one, candidates: [one], out: one })).rejects.toThrow(/is not empty/)
  })
})
