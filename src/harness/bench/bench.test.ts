import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { engineBackend } from '../../backends/engine-backend.js'
import { FixtureError, UnstableError } from '../../errors.js'
import { sha256Hex } from '../canonical.js'
import type { Fixture } from '../fixture/fixture.js'
import { BASIS_PAYLOAD } from '../kudos/model.js'
import { createRun, readRun, writeRun } from '../run-store.js'
import { blot, ENVIRONMENT, fakeEngine } from '../testing.js'
import { objections } from './conditions.js'
import { appendHistory, historyOf, readHistory, trendOf } from './history.js'
import { isSaturated, poissonArrivals } from './open-load.js'
import { runBench } from './run-bench.js'
import { jobTtl } from './ttl.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const payload = JSON.stringify({ payload: { prompt: 'x', seed: 7, ddim_steps: 4 }, model: 'none' })
const FIXTURE: Fixture = {
  id: 'a',
  file: 'a.json',
  version: 1,
  features: [],
  output: 'photo',
  payload,
  payloadSha256: sha256Hex(payload),
}

const subject = (spec: string, asked: string[] = []) => ({
  spec,
  open: async () => {
    const backend = engineBackend(fakeEngine({ draw: ({ seed }) => ({ pictures: [blot(seed % 7)] }) }))
    return {
      ...backend,
      generate: (text: string, options: Parameters<typeof backend.generate>[1]) => {
        asked.push(`${spec} ${JSON.parse(text).payload.ddim_steps}`)
        return backend.generate(text, options)
      },
    }
  },
})

const options = () => ({
  fixtures: [FIXTURE],
  out: join(folder, 'run'),
  goldens: join(folder, 'golden'),
  pairs: 4,
  force: true,
  busy: async () => 0,
})

test('pairs go AB BA AB BA, after the warm-up, the judged pictures and the run of one step', async () => {
  const asked: string[] = []
  const run = await runBench({ ...options(), candidate: subject('b', asked), baseline: subject('a', asked) })
  const pairs = run.speed?.payloads[0]?.pairs ?? []
  expect(pairs.slice(0, 4).map(({ order }) => order)).toEqual(['AB', 'BA', 'AB', 'BA'])
  expect(asked.slice(0, 3)).toEqual(['b 4', 'a 4', 'b 4'])
  expect(asked.filter(call => call.endsWith(' 1'))).toEqual(['b 1', 'a 1'])
  const timed = asked.slice(asked.indexOf('a 1') + 1, asked.indexOf('a 1') + 9)
  expect(timed).toEqual(['a 4', 'b 4', 'b 4', 'a 4', 'a 4', 'b 4', 'b 4', 'a 4'])
})

test('the report is void while the pictures are not shown to be right, and the run holds it', async () => {
  const run = await runBench({ ...options(), candidate: subject('b') })
  expect(run.speed).toMatchObject({
    valid: false,
    parity: { passed: 0, cases: 1 },
    settings: { pairs: 4, confidence: 0.98, minimumEffect: 0.02 },
    candidate: { spec: 'b', backend: 'horde-onnx', threads: 2 },
    payloads: [{ id: 'a', steps: 4, class: 'stable_diffusion_1 · txt2img · 512', pairs: [] }],
  })
  expect(run.speed?.payloads[0]?.candidate.runs).toHaveLength(4)
  expect(run.speed?.decision).toBeUndefined()
  expect(await readRun(join(folder, 'run'))).toEqual(run)
})

test('a run of the same build that passed makes it count; one of another version does not', async () => {
  const own = await runBench({ ...options(), candidate: subject('b') })
  const judged = join(folder, 'judged')
  const passed = { verdict: 'pass' as const, reason: 'good', gates: [] }
  const cases = own.cases.map(result => ({ ...result, verdict: passed }))
  await createRun(judged, { ...own, pending: [] })
  const bench = async (version: string, out: string) => {
    await writeRun(judged, { ...own, cases, version })
    const run = await runBench({ ...options(), out: join(folder, out), candidate: subject('b'), parityRun: judged })
    return run.speed
  }
  expect(await bench(own.version, 'again')).toMatchObject({ valid: true, parity: { reason: 'all 1 pictures passed' } })
  expect(await bench('0.0.1', 'other')).toMatchObject({
    valid: false,
    parity: { reason: expect.stringContaining('version') },
  })
})

describe('refusals', () => {
  test('a busy machine, and two that are not the same, are reasons not to measure', () => {
    expect(objections({ busy: 0.05, candidate: ENVIRONMENT, baseline: ENVIRONMENT })).toEqual([])
    expect(objections({ busy: 0.5, candidate: ENVIRONMENT })).toEqual([expect.stringContaining('busy: 50 %')])
    const other = { ...ENVIRONMENT, device: 'another' }
    expect(objections({ busy: 0, candidate: ENVIRONMENT, baseline: other })).toEqual([
      expect.stringContaining('different machines'),
    ])
  })

  test('without --force nothing is measured, with it the report says what was overruled', async () => {
    const elsewhere = {
      spec: 'far',
      open: async () =>
        engineBackend(
          fakeEngine({ environment: { ...ENVIRONMENT, device: 'another' }, draw: () => ({ pictures: [blot(1)] }) }),
        ),
    }
    const both = { ...options(), candidate: subject('b'), baseline: elsewhere }
    await expect(runBench({ ...both, force: false })).rejects.toThrow(UnstableError)
    const busy = { ...options(), busy: async () => 0.5, force: false }
    await expect(runBench({ ...busy, candidate: subject('b') })).rejects.toThrow('busy: 50 %')
    const run = await runBench({ ...both, out: join(folder, 'forced') })
    expect(run.speed?.forced).toContainEqual(expect.stringContaining('another'))
  })

  test('a payload that a side cannot draw ends the bench with its fault', async () => {
    const broken = {
      spec: 'broken',
      open: async () =>
        engineBackend(
          fakeEngine({
            draw: () => ({ state: 'fault', faults: [{ code: 'unsupported', message: 'no such sampler' }] }),
          }),
        ),
    }
    await expect(runBench({ ...options(), candidate: broken })).rejects.toThrow('a was not drawn: no such sampler')
  })
})

describe('jobs that come by themselves', () => {
  test('arrive as a Poisson stream: gaps with the mean, and the spread, of the rate', () => {
    const arrivals = poissonArrivals({ rate: 4, jobs: 20_000, seed: 1 })
    const gaps = arrivals.slice(1).map((at, i) => at - (arrivals[i] ?? 0))
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length
    expect(mean).toBeCloseTo(0.25, 2)
    expect(Math.sqrt(variance)).toBeCloseTo(0.25, 1)
    expect(poissonArrivals({ rate: 4, jobs: 20_000, seed: 1 })).toEqual(arrivals)
  })

  test('are counted: all of them, and those that were in time', async () => {
    const at = async (out: string, rate: number, ttl: number) => {
      const slow = { spec: 'slow', open: async () => inTurn(await subject('b').open()) }
      const load = { rates: [rate], jobs: 16, ttl }
      return (await runBench({ ...options(), out: join(folder, out), candidate: slow, load })).speed?.load
    }
    expect(await at('patient', 200, 600)).toMatchObject([{ jobs: 16, completed: 16, good: 16 }])
    // All have come before the first four are done.
    expect(await at('impatient', 2000, 0.001)).toMatchObject([{ completed: 16, good: 0, goodput: 0, saturated: true }])
  })

  test('are saturating when a quarter of them waits at the end', () => {
    expect(isSaturated({ backlog: 3, jobs: 8 })).toBe(false)
    expect(isSaturated({ backlog: 5, jobs: 20 })).toBe(false)
    expect(isSaturated({ backlog: 6, jobs: 20 })).toBe(true)
  })

  /** Of the server's formula: 30 + 2 s a step and 512², ×2, ×3, at least 150. */
  test("have the Horde's time", () => {
    expect(jobTtl(BASIS_PAYLOAD, 'stable_diffusion_1')).toBe(150)
    expect(jobTtl({ ...BASIS_PAYLOAD, steps: 100 }, 'stable_diffusion_1')).toBe(230)
    expect(jobTtl({ ...BASIS_PAYLOAD, controlType: 'canny' }, 'stable_diffusion_1')).toBe(260)
    expect(jobTtl({ ...BASIS_PAYLOAD, width: 1024, height: 1024 }, 'flux_1')).toBe(1290)
  })
})

/** One job at a time, 15 ms each, as a lane does. */
function inTurn<T extends Awaited<ReturnType<ReturnType<typeof subject>['open']>>>(backend: T): T {
  let last: Promise<unknown> = Promise.resolve()
  return {
    ...backend,
    generate(text, options) {
      const handle = backend.generate(text, options)
      const mine = last.then(() => new Promise(resolve => setTimeout(resolve, 15))).then(() => handle)
      last = mine
      // biome-ignore lint/suspicious/noThenProperty: a handle is awaited for its generation
      return { ...handle, then: (resolve, reject) => mine.then(resolve, reject) }
    },
  }
}

describe('the history', () => {
  const entry = (median: number, more = {}) => ({
    at: '2026-01-01',
    version: '1',
    spec: 'engine',
    class: 'c',
    device: 'd',
    threads: 2,
    payload: 'a',
    median,
    valid: true,
    ...more,
  })

  test('keeps one line a payload and reads them again', async () => {
    const run = await runBench({ ...options(), candidate: subject('b') })
    const file = join(folder, 'deep', 'history.jsonl')
    await appendHistory(file, historyOf(run))
    await appendHistory(file, historyOf(run))
    const read = await readHistory(file)
    expect(read).toHaveLength(2)
    expect(read[0]).toMatchObject({
      payload: 'a',
      spec: 'b',
      valid: false,
      median: run.speed?.payloads[0]?.candidate.wall.median,
    })
    expect(await readHistory(join(folder, 'none'))).toEqual([])
  })

  test('a line that is none is named', async () => {
    const file = join(folder, 'history.jsonl')
    await writeFile(file, `${JSON.stringify(entry(1))}\n{"at":\n`)
    await expect(readHistory(file)).rejects.toThrow(FixtureError)
    await expect(readHistory(file)).rejects.toThrow('history.jsonl:2')
  })

  test('a step is told with the build that brought it; other machines and void builds are no part of it', () => {
    const before = Array.from({ length: 8 }, (_, i) => entry(100 + (i % 3)))
    const after = Array.from({ length: 8 }, (_, i) =>
      entry(120 + (i % 3), { version: '2', commit: i === 0 ? 'guilty' : 'later' }),
    )
    const others = Array.from({ length: 8 }, () => entry(500, { device: 'e' }))
    const void_ = Array.from({ length: 8 }, () => entry(10, { valid: false }))
    const all = [...before, ...others, ...void_, ...after]
    const [trend, nothing] = trendOf(all, after.slice(-1))
    expect(nothing).toBeUndefined()
    expect(trend?.points).toHaveLength(16)
    const [step, another] = trend?.steps ?? []
    expect(another).toBeUndefined()
    expect(step).toMatchObject({ point: 8, ratio: expect.closeTo(121 / 101, 2) })
    expect(trend?.points[step?.point ?? 0]).toMatchObject({ version: '2', commit: 'guilty' })
  })
})
