import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { engineBackend } from '../backends/engine-backend.js'
import { checkRun, exitCodeOf } from './check.js'
import type { Fixture } from './fixture/fixture.js'
import { approve } from './golden/approve.js'
import { mergeRuns } from './merge.js'
import { replay } from './replay.js'
import type { Run } from './run-schema.js'
import { readRun, writeRun } from './run-store.js'
import type { Stress } from './stress/stress-schema.js'
import { blot, edited, fakeEngine } from './testing.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'merge-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function fixture(id: string, seed: number): Fixture {
  const payload = JSON.stringify({ payload: { prompt: 'p', seed }, model: 'none' })
  const payloadSha256 = String(seed).padStart(64, '0')
  return { id, file: `${id}.yaml`, version: 1, features: [id], output: 'photo', payload, payloadSha256 }
}

const ALL = ['d', 'a', 'c', 'b'].map((id, i) => fixture(id, i + 1))

async function drawn(
  name: string,
  fixtures: readonly Fixture[],
  change: Partial<Run> = {},
  shift = 0,
): Promise<string> {
  const out = join(folder, name)
  const engine = fakeEngine({ draw: ({ seed }) => ({ pictures: [edited(blot(seed), v => v + shift)] }) })
  await replay({ backend: engineBackend(engine), fixtures, unselected: ALL.filter(f => !fixtures.includes(f)), out })
  await writeRun(out, { ...(await readRun(out)), ...change })
  return out
}

const shard = (index: number, count: number) => ({ selection: { only: [], of: 4, shard: { index, count } } })
const merge = (runs: string[], more: object = {}) => mergeRuns({ runs, out: join(folder, 'merged'), ...more })

describe('shards', () => {
  test('become one run of all cases, with the files and the verdicts, and are decided together', async () => {
    const whole = await drawn('whole', ALL)
    await approve({ run: whole, goldens: join(folder, 'golden'), reason: 'r', who: 'us', allowDirty: true })
    const shards = [await drawn('one', ALL.slice(0, 2), shard(1, 2)), await drawn('two', ALL.slice(2), shard(2, 2), 70)]
    for (const each of shards) await checkRun(each, join(folder, 'golden'))
    const merged = await merge(shards)
    expect(merged.cases.map(({ id, verdict }) => [id, verdict?.verdict])).toEqual([
      ['a', 'pass'],
      ['b', 'fail'],
      ['c', 'fail'],
      ['d', 'pass'],
    ])
    expect(exitCodeOf(merged)).toBe(1)
    expect(merged).toMatchObject({ complete: true, selection: { only: [], of: 4 } })
    expect(merged.selection).not.toHaveProperty('shard')
    expect(merged.comparison?.matrix.map(({ cells }) => cells[0]?.standing)).toEqual([
      'same',
      'different',
      'different',
      'same',
    ])
    expect(merged.coverage?.unselected).toEqual([])
    // Reads every picture and compares its hash.
    expect((await readRun(join(folder, 'merged'))).cases).toHaveLength(4)
    expect(existsSync(join(folder, 'merged/golden/a.0.png'))).toBe(true)
  })

  test('keep the stress of one in which a job differed', async () => {
    const stress = (verdict: Stress['verdict']): Pick<Run, 'stress'> => ({
      stress: {
        seed: 1,
        mode: 'deterministic',
        toleranceDb: 45,
        lanes: 1,
        inFlight: 8,
        verdict,
        reason: verdict,
        totals: {
          jobs: 1,
          same: 1,
          withinTolerance: 0,
          bleeds: 0,
          lost: 0,
          unexplained: 0,
          faults: 0,
          cancelled: 0,
          kills: 0,
          retries: 0,
        },
        schedules: [],
        problems: [],
        timeline: { jobs: [], omitted: 0, lanes: [] },
        memory: { samples: [], networks: [] },
        scheduler: { runs: 0, requests: 0, most: 0, ownMs: 0, busyMs: 0 },
        wallMs: 1,
      },
    })
    const one = await drawn('one', ALL.slice(0, 2), { ...shard(1, 2), ...stress('pass') })
    const two = await drawn('two', ALL.slice(2), { ...shard(2, 2), ...stress('fail') })
    expect((await merge([one, two])).stress?.verdict).toBe('fail')
  })

  test('one that is missing is an error, or a run that is not complete', async () => {
    const one = await drawn('one', ALL.slice(0, 2), shard(1, 3))
    await expect(merge([one])).rejects.toThrow(/shard 2\/3, 3\/3 is missing/)
    const merged = await merge([one], { allowMissingShards: true })
    expect(merged.complete).toBe(false)
    expect(exitCodeOf(merged)).not.toBe(0)
  })

  test('of different splits do not belong together', async () => {
    const runs = [await drawn('one', ALL.slice(0, 2), shard(1, 2)), await drawn('two', ALL.slice(2), shard(2, 3))]
    await expect(merge(runs)).rejects.toThrow(/one of 2 shards, .* one of 3/)
  })
})

describe('runs that do not belong together', () => {
  test('of other builds, machines, backends', async () => {
    const one = await drawn('one', ALL.slice(0, 2))
    const { environment } = await readRun(one)
    const build = await drawn('build', ALL.slice(2), { version: '9.9.9' })
    const machine = await drawn('machine', ALL.slice(2), { environment: { ...environment, class: 'cuda-h100' } })
    await expect(merge([one, build])).rejects.toThrow(/different builds: .*9\.9\.9/)
    await expect(merge([one, machine])).rejects.toThrow(/different environment classes: .* cuda-h100/)
    await expect(merge([one, await drawn('other', ALL.slice(2), { backend: 'comfyui' })])).rejects.toThrow(/backends/)
    expect((await merge([one, build], { allowMixedCommits: true })).cases).toHaveLength(4)
    const mixed = { allowMixedClasses: true, out: join(folder, 'mixed') }
    expect((await merge([one, machine], mixed)).cases).toHaveLength(4)
  })

  test('a case in two of them: once where they agree, an error where they do not', async () => {
    const one = await drawn('one', ALL.slice(0, 3))
    expect((await merge([one, await drawn('two', ALL.slice(2))])).cases.map(({ id }) => id)).toEqual([
      'a',
      'b',
      'c',
      'd',
    ])
    const other = await drawn('other', ALL.slice(2), {}, 5)
    await expect(merge([one, other], { out: join(folder, 'again') })).rejects.toThrow(/both have c, with different/)
  })

  test('a folder that is used is not merged into', async () => {
    const one = await drawn('one', ALL)
    await expect(merge([one], { out: one })).rejects.toThrow(/is not empty/)
  })
})
