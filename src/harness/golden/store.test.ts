import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { engineBackend } from '../../backends/engine-backend.js'
import { checkRun } from '../check.js'
import type { Fixture } from '../fixture/fixture.js'
import { openGoldens } from '../goldens.js'
import { replay } from '../replay.js'
import type { Run } from '../run-schema.js'
import { readRun, writeRun } from '../run-store.js'
import { blot, fakeEngine } from '../testing.js'
import { type Approval, approve as approveRun } from './approve.js'
import { assertWhole, goldenState, readGoldens, removeGoldens } from './obsolete.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const goldens = () => join(folder, 'golden')
const BUILD = { version: '1.0.0', commit: 'a'.repeat(40) }

function fixture(id: string, seed: number, feature = id): Fixture {
  const payload = JSON.stringify({ payload: { prompt: 'p', seed }, model: 'none' })
  const payloadSha256 = String(seed).padStart(64, '0')
  return { id, file: `${id}.yaml`, version: 1, features: [feature], output: 'photo', payload, payloadSha256 }
}

const FIXTURES = [fixture('a', 1), fixture('b', 2), fixture('c', 3, 'a')]

/** A run of a clean build whose pictures are blots that depend on the seed and on `shift`. */
async function drawn(name: string, shift = 0, edit: (run: Run) => Run = run => run): Promise<string> {
  const out = join(folder, name)
  const engine = fakeEngine({ draw: ({ seed }) => ({ pictures: [blot(seed + shift)] }) })
  await replay({ backend: engineBackend(engine), fixtures: FIXTURES, out })
  await writeRun(out, edit({ ...(await readRun(out)), ...BUILD }))
  return out
}

function approve(run: string, more: Partial<Approval> = {}) {
  return approveRun({ run, goldens: goldens(), reason: 'looked at them', who: 'us', build: BUILD, ...more })
}

/** Names of the only class. */
async function files(): Promise<string[]> {
  const [own = ''] = await readdir(goldens())
  return (await readdir(join(goldens(), own))).sort()
}

async function verdicts(run: string) {
  const { run: checked } = await checkRun(run, goldens())
  return checked.cases.map(({ verdict }) => verdict?.verdict)
}

describe('several accepted pictures of a case', () => {
  test('lie beside each other; a case passes if it is any of them, and says which', async () => {
    const [first, second] = [await drawn('first'), await drawn('second', 9)]
    await approve(first)
    expect(await verdicts(second)).toEqual(['fail', 'fail', 'fail'])
    expect(await approve(second, { cases: ['a'], variant: true })).toEqual([{ case: 'a', action: 'added', variant: 2 }])
    expect(await files()).toEqual([
      'a.0.png',
      'a.json',
      'a@2.0.png',
      'a@2.json',
      'b.0.png',
      'b.json',
      'c.0.png',
      'c.json',
    ])

    expect(await verdicts(first)).toEqual(['pass', 'pass', 'pass'])
    const { run } = await checkRun(second, goldens())
    const [a, b] = run.cases
    expect(a?.verdict).toMatchObject({ verdict: 'pass', golden: { variant: 2, variants: 2 } })
    expect(a?.verdict?.reason).toContain('variant 2 of 2')
    expect(b?.verdict?.verdict).toBe('fail')
    expect(b?.verdict?.golden).not.toHaveProperty('variant')
  })

  test('a picture that is accepted already is not added again', async () => {
    const first = await drawn('first')
    await approve(first)
    const before = await readFile(
      join((await openGoldens(goldens())).folder, `${(await readdir(goldens()))[0]}/a.json`),
    )
    expect(await approve(first, { cases: ['a'], variant: true })).toEqual([
      { case: 'a', action: 'unchanged', variant: 1 },
    ])
    expect(await approve(first, { cases: ['a'], reason: 'again' })).toEqual([
      { case: 'a', action: 'unchanged', variant: 1 },
    ])
    expect(await readFile(join(goldens(), `${(await readdir(goldens()))[0]}/a.json`))).toEqual(before)
  })

  test('approving without --variant leaves one', async () => {
    await approve(await drawn('first'))
    await approve(await drawn('second', 9), { cases: ['a'], variant: true })
    await approve(await drawn('third', 5), { cases: ['a'] })
    expect(await files()).toEqual(['a.0.png', 'a.json', 'b.0.png', 'b.json', 'c.0.png', 'c.json'])
    expect(await verdicts(join(folder, 'third'))).toEqual(['pass', 'fail', 'fail'])
  })
})

describe('what is approved is said by id, verdict, feature', () => {
  test('all that are given must match', async () => {
    const first = await drawn('first')
    await approve(first, { cases: ['a'] })
    await checkRun(first, goldens())
    expect((await approve(first, { verdicts: ['no-golden'], features: ['a'] })).map(each => each.case)).toEqual(['c'])
    await expect(approve(first, { verdicts: ['fail'] })).rejects.toThrow(/no case with the verdict fail/)
  })
})

describe('results whose origin is in doubt are refused unless told otherwise', () => {
  test.each([
    ['another commit', { commit: 'b'.repeat(40) }, { allowOtherCommit: true }, /drawn by horde-onnx 1\.0\.0 \(bbbb/],
    ['another version', { version: '0.9.0' }, { allowOtherCommit: true }, /0\.9\.0 .* this is horde-onnx 1\.0\.0/],
    ['changed files', { commit: `${BUILD.commit}-dirty` }, { allowDirty: true }, /changes that are not in commit/],
  ] as const)('%s', async (_, change, allowed, message) => {
    const run = await drawn('run', 0, made => ({ ...made, ...change }))
    await expect(approve(run)).rejects.toThrow(message)
    expect((await openGoldens(goldens())).entries).toEqual([])
    expect(await approve(run, allowed)).toHaveLength(3)
  })

  test('another environment class than the goldens have', async () => {
    await approve(await drawn('first'))
    const elsewhere = await drawn('elsewhere', 0, made => ({
      ...made,
      environment: { ...made.environment, class: 'cuda-h100-fp16-ort1.30.0' },
    }))
    await expect(approve(elsewhere)).rejects.toThrow(/drawn on cuda-h100-fp16-ort1\.30\.0, and .* has goldens of cpu-/)
    expect(await approve(elsewhere, { allowNewClass: true })).toHaveLength(3)
  })
})

describe('obsolete goldens', () => {
  test('only a run of everything can name them', async () => {
    const whole = await readRun(await drawn('whole'))
    expect(() => assertWhole(whole)).not.toThrow()
    const parts: [Partial<Run>, RegExp][] = [
      [{ selection: { only: ['a*'], of: 3 } }, /drew a\* only/],
      [{ selection: { only: [], of: 3, shard: { index: 1, count: 2 } } }, /shard 1 of 2/],
      [{ selection: { only: [], of: 9 } }, /3 of 9 cases/],
      [{ complete: false, pending: ['z'] }, /cut off with 1 cases to go/],
    ]
    for (const [change, message] of parts) expect(() => assertWhole({ ...whole, ...change })).toThrow(message)
    const { selection: _, ...unknown } = whole
    expect(() => assertWhole(unknown)).toThrow(/does not say which part/)
  })

  test('are removed with their pictures; variants of others and what is outdated stay', async () => {
    await approve(await drawn('first'))
    await approve(await drawn('second', 9), { cases: ['b'], variant: true })
    const run = await readRun(join(folder, 'first'))
    const [, b] = run.cases
    if (b === undefined) throw new Error('b was drawn')
    const now = { ...run, cases: [{ ...b, fixture: { ...b.fixture, version: 2 } }] }
    const set = await openGoldens(goldens())
    const all = await readGoldens(set)
    expect(all.map(stored => [stored.entry.case, goldenState(stored, now)])).toEqual([
      ['a', 'obsolete'],
      ['b', 'outdated'],
      ['b', 'outdated'],
      ['c', 'obsolete'],
    ])
    await writeFile(join(goldens(), set.entries[0]?.class ?? '', 'notes.txt'), 'not ours')
    const obsolete = all.filter(stored => goldenState(stored, now) === 'obsolete')
    await removeGoldens(set, all, obsolete)
    expect(await files()).toEqual(['b.0.png', 'b.json', 'b@2.0.png', 'b@2.json', 'notes.txt'])
  })
})
