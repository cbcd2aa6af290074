import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { engineBackend } from '../backends/engine-backend.js'
import { OutputError, RunError, UsageError } from '../errors.js'
import { sha256Hex } from './canonical.js'
import { checkRun } from './check.js'
import type { Fixture } from './fixture/fixture.js'
import { type Approval, approve as approveRun } from './golden/approve.js'
import { goldenSchema } from './golden-schema.js'
import { type ReplayEvent, replay } from './replay.js'
import { readRun, writeRun } from './run-store.js'
import { readTensors } from './tensor-file.js'
import { blot, ENVIRONMENT, edited, fakeEngine } from './testing.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'replay-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function fixture(id: string, seed: number, prompt = 'a red circle'): Fixture {
  const payload = JSON.stringify({ payload: { prompt, seed }, model: 'none' })
  return {
    id,
    file: `${id}.yaml`,
    version: 1,
    features: ['f'],
    output: 'photo',
    payload,
    payloadSha256: sha256Hex(payload),
  }
}

const FIXTURES = [fixture('a', 1), fixture('b', 2), fixture('c', 3)]
const run = () => join(folder, 'run')
const goldens = () => join(folder, 'golden')

/** Replays into `name`, approved by `us` before, unless told otherwise. */
async function replayed(name = 'run', engine = fakeEngine()): Promise<string> {
  const out = join(folder, name)
  await replay({ backend: engineBackend(engine), fixtures: FIXTURES, out })
  return out
}

/** Tests are run before a commit, and on machines that are as made up as they like. */
function approve(approval: Approval) {
  return approveRun({ allowDirty: true, allowNewClass: true, ...approval })
}

describe('replay', () => {
  test('writes what was drawn, with the payload, the plan and its hash', async () => {
    const events: ReplayEvent[] = []
    const made = await replay({
      backend: engineBackend(fakeEngine()),
      fixtures: FIXTURES,
      out: run(),
      concurrency: 2,
      onProgress: event => events.push(event),
    })
    expect(made).toMatchObject({
      complete: true,
      pending: [],
      backend: 'horde-onnx',
      environment: { class: expect.stringMatching(/^cpu-.*-fp32-ort1\.30\.0$/) },
    })
    expect(made.cases.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
    expect(made.cases[1]).toMatchObject({
      state: 'ok',
      fixture: { payload: FIXTURES[1]?.payload, features: ['f'] },
      images: [{ file: 'images/b.0.png', width: 64, height: 64, channels: 3, sha256: sha256Hex(blot(2).pixels) }],
      planSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(await readRun(run())).toEqual(made)
    expect(events.filter(({ type }) => type === 'case')).toHaveLength(3)
    expect(events).toContainEqual({ type: 'step', id: 'a', step: 0, steps: 1, done: 0, total: 3 })
  })

  test('a fault of one case, or an engine that throws, stops no other', async () => {
    const engine = fakeEngine({
      draw: ({ seed }) => {
        if (seed === 1) return { state: 'fault', faults: [{ code: 'unsupported', message: 'not there yet' }] }
        if (seed === 2) throw new Error('bang')
        return { pictures: [blot(seed)] }
      },
    })
    const { cases, complete } = await replay({ backend: engineBackend(engine), fixtures: FIXTURES, out: run() })
    expect(complete).toBe(true)
    expect(cases.map(({ state, faults }) => [state, faults[0]?.code])).toEqual([
      ['fault', 'unsupported'],
      ['fault', 'internal'],
      ['ok', undefined],
    ])
  })

  test('a signal keeps what was finished and leaves the rest pending', async () => {
    const stop = new AbortController()
    const onProgress = ({ type }: ReplayEvent) => type === 'case' && stop.abort()
    const made = await replay({
      backend: engineBackend(fakeEngine()),
      fixtures: FIXTURES,
      out: run(),
      onProgress,
      signal: stop.signal,
    })
    expect(made).toMatchObject({ complete: false, cases: [{ id: 'a' }], pending: ['b', 'c'] })
    expect(await readRun(run())).toEqual(made)
    expect((await checkRun(run(), goldens())).exitCode).toBe(130)
  })

  test.skipIf(!existsSync('/dev/full'))(
    'a disk that fills up in the middle ends it; what was finished stays readable',
    async () => {
      await mkdir(join(run(), 'images'), { recursive: true })
      await symlink('/dev/full', join(run(), 'images/b.0.png.part'))
      await expect(replay({ backend: engineBackend(fakeEngine()), fixtures: FIXTURES, out: run() })).rejects.toThrow(
        expect.objectContaining({ name: 'OutputError', exitCode: 5, hint: expect.stringContaining('disk is full') }),
      )
      expect(await readRun(run())).toMatchObject({ complete: false, cases: [{ id: 'a' }], pending: ['b', 'c'] })
    },
  )

  test('a folder that cannot be made or that holds a run already is refused before anything is drawn', async () => {
    await writeFile(join(folder, 'file'), '')
    await expect(
      replay({ backend: engineBackend(fakeEngine()), fixtures: FIXTURES, out: join(folder, 'file', 'run') }),
    ).rejects.toThrow(OutputError)
    await replayed()
    await expect(replayed()).rejects.toThrow('holds a run already')
  })
})

describe('a run that is not as it was written is refused by name of what is wrong', () => {
  const json = () => join(run(), 'run.json')

  test.each([
    ['no run', () => rm(json()), 'holds no readable run'],
    [
      'a half written one',
      async () => writeFile(json(), (await readFile(json(), 'utf8')).slice(0, 900)),
      'half written',
    ],
    [
      'another schema',
      async () => writeFile(json(), (await readFile(json(), 'utf8')).replace('run@1', 'run@2')),
      'schema must be "horde-onnx/run@1", got "horde-onnx/run@2"',
    ],
    [
      'a broken field',
      async () => writeFile(json(), (await readFile(json(), 'utf8')).replace('"state": "ok"', '"state": "fine"')),
      'cases.0.state',
    ],
    ['a missing picture', () => rm(join(run(), 'images/b.0.png')), 'b.0.png is missing or damaged'],
    [
      'a truncated picture',
      async () =>
        writeFile(join(run(), 'images/b.0.png'), (await readFile(join(run(), 'images/b.0.png'))).subarray(0, 400)),
      'b.0.png is missing or damaged',
    ],
    [
      'a swapped picture',
      () => cp(join(run(), 'images/a.0.png'), join(run(), 'images/b.0.png')),
      'b.0.png is not the one that was drawn',
    ],
    [
      'a picture elsewhere',
      async () => writeFile(json(), (await readFile(json(), 'utf8')).replace('images/b.0.png', '../../x.png')),
      'outside of the folder',
    ],
  ])('%s', async (_, damage, message) => {
    await replayed()
    await damage()
    const error = await readRun(run()).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(RunError)
    expect(String(error)).toContain(message)
  })
})

describe('check', () => {
  const statuses = async (out: string) => {
    const { run, exitCode } = await checkRun(out, goldens())
    return [exitCode, ...run.cases.map(({ verdict }) => verdict?.verdict)]
  }

  test('nothing approved, approved, changed, faulted', async () => {
    const first = await replayed()
    expect(await statuses(first)).toEqual([3, 'no-golden', 'no-golden', 'no-golden'])
    expect(await approve({ run: first, goldens: goldens(), reason: 'looked at them', who: 'us' })).toEqual(
      ['a', 'b', 'c'].map(id => ({ case: id, action: 'added', variant: 1 })),
    )
    expect(await statuses(first)).toEqual([0, 'pass', 'pass', 'pass'])
    expect(await statuses(await replayed('again'))).toEqual([0, 'pass', 'pass', 'pass'])

    const broken = fakeEngine({
      draw: ({ seed }) => (seed === 2 ? { pictures: [edited(blot(2), v => 255 - v)] } : { pictures: [blot(seed)] }),
    })
    expect(await statuses(await replayed('broken', broken))).toEqual([1, 'pass', 'fail', 'pass'])
    const faulty = fakeEngine({
      draw: ({ seed }) =>
        seed === 3 ? { state: 'fault', faults: [{ code: 'lane', message: 'it died' }] } : { pictures: [blot(seed)] },
    })
    expect(await statuses(await replayed('faulty', faulty))).toEqual([7, 'pass', 'pass', 'error'])
  })

  test('drift ends with a code of its own only where that is asked for', async () => {
    await approve({ run: await replayed(), goldens: goldens(), reason: 'r', who: 'us' })
    const off = fakeEngine({
      draw: ({ seed }) => ({ pictures: [edited(blot(seed), (v, i) => v + (i === 5 ? 1 : 0))] }),
    })
    const out = await replayed('off', off)
    expect(await statuses(out)).toEqual([0, 'drift', 'drift', 'drift'])
    expect((await checkRun(out, goldens(), { strictDrift: true })).exitCode).toBe(2)
  })

  test('the verdicts and copies of the goldens are in the run, so that it can be moved', async () => {
    await approve({ run: await replayed(), goldens: goldens(), reason: 'r', who: 'us' })
    await checkRun(run(), goldens())
    await rm(goldens(), { recursive: true })
    const [first] = (await readRun(run())).cases
    expect(first?.verdict?.golden).toMatchObject({
      approvedBy: 'us',
      crossClass: false,
      images: [{ file: 'golden/a.0.png' }],
    })
    expect(existsSync(join(run(), 'golden/a.0.png'))).toBe(true)
  })

  test('a machine that the goldens do not know is judged across classes; goldens of its own are preferred once there are some', async () => {
    const own = await readRun(await replayed())
    await approve({ run: run(), goldens: goldens(), reason: 'r', who: 'us' })
    const environment = { ...ENVIRONMENT, device: 'Apple M3', provider: 'coreml' }
    const out = await replayed('elsewhere', fakeEngine({ environment }))
    const { run: first, exitCode } = await checkRun(out, goldens())
    expect(exitCode).toBe(0)
    expect(first.cases.map(({ verdict }) => verdict?.golden?.crossClass)).toEqual([true, true, true])
    expect(first.cases[0]?.verdict?.golden?.class).toBe(own.environment.class)
    await approve({ run: out, goldens: goldens(), cases: ['a'], reason: 'r', who: 'us' })
    const { run: again } = await checkRun(out, goldens())
    expect(again.cases.map(({ verdict }) => verdict?.golden?.crossClass)).toEqual([false, true, true])
  })

  test('a damaged golden is an error, not a pass', async () => {
    await approve({ run: await replayed(), goldens: goldens(), reason: 'r', who: 'us' })
    const own = join(goldens(), (await readdir(goldens()))[0] ?? '')
    await cp(join(own, 'b.0.png'), join(own, 'a.0.png'))
    await expect(checkRun(run(), goldens())).rejects.toThrow('not the one that was drawn')
    await writeFile(join(own, 'a.json'), '{"schema":')
    await expect(checkRun(run(), goldens())).rejects.toThrow('a.json is damaged')
  })
})

describe('approve', () => {
  test('wants a reason, a case and pictures', async () => {
    const faulty = fakeEngine({ draw: ({ seed }) => (seed === 1 ? { state: 'fault' } : { pictures: [blot(seed)] }) })
    const from = await replayed('faulty', faulty)
    const approval = { run: from, goldens: goldens(), who: 'us', reason: 'r' }
    await expect(approve({ ...approval, reason: '  ' })).rejects.toThrow(UsageError)
    await expect(approve(approval)).rejects.toThrow('a drew nothing that could be approved')
    await expect(approve({ ...approval, cases: ['z*'] })).rejects.toThrow('has no case called z*')
    expect(existsSync(goldens())).toBe(false)
    expect((await approve({ ...approval, cases: ['b', 'c'] })).map(({ case: id }) => id)).toEqual(['b', 'c'])
  })

  test('passes over cases that are meant to end in a fault, which pass without a golden', async () => {
    const engine = fakeEngine({
      draw: ({ seed }) =>
        seed === 1 ? { state: 'fault', faults: [{ code: 'unsupported', message: 'm' }] } : { pictures: [blot(seed)] },
    })
    const fixtures = FIXTURES.map((each, i) => (i === 0 ? { ...each, expect: { fault: 'unsupported' } } : each))
    await replay({ backend: engineBackend(engine), fixtures, out: run() })
    const approval = { run: run(), goldens: goldens(), who: 'us', reason: 'r' }
    expect((await approve(approval)).map(({ case: id }) => id)).toEqual(['b', 'c'])
    await expect(approve({ ...approval, cases: ['a'] })).rejects.toThrow('there is nothing to approve')
    const { run: checked, exitCode } = await checkRun(run(), goldens())
    expect(exitCode).toBe(0)
    expect(checked.cases[0]?.verdict).toMatchObject({ verdict: 'pass', reason: expect.stringContaining('expected') })
  })

  test('promotes the stored files as they are, with provenance, and drops pictures that a case no longer has', async () => {
    const two = fakeEngine({ draw: ({ seed }) => ({ pictures: [blot(seed), blot(seed + 10)] }) })
    await approve({ run: await replayed('two', two), goldens: goldens(), reason: 'r', who: 'us' })
    await approve({
      run: await replayed(),
      goldens: goldens(),
      cases: ['a'],
      reason: 'one picture now',
      who: 'somebody',
    })
    const [name] = await readdir(goldens())
    const own = join(goldens(), name ?? '')
    expect((await readdir(own)).sort()).toEqual([
      'a.0.png',
      'a.json',
      'b.0.png',
      'b.1.png',
      'b.json',
      'c.0.png',
      'c.1.png',
      'c.json',
    ])
    expect(await readFile(join(own, 'a.0.png'))).toEqual(await readFile(join(run(), 'images/a.0.png')))
    expect(JSON.parse(await readFile(join(own, 'a.json'), 'utf8'))).toMatchObject({
      payloadSha256: FIXTURES[0]?.payloadSha256,
      approved: { by: 'somebody', reason: 'one picture now', version: expect.any(String), run: expect.any(String) },
    })
  })

  test('promotes the tensors that gates compare, and drops those of a case that has none any more', async () => {
    const stages = { latent: { shape: [1, 4, 1, 1], data: Float32Array.of(0.5, -1, 2, 0.25) } }
    const telling = fakeEngine({ draw: ({ seed }) => ({ pictures: [blot(seed)], stages }) })
    const [first] = (await readRun(await replayed('telling', telling))).cases
    expect(first?.tensors?.file).toBe('tensors/a.safetensors')
    await approve({ run: join(folder, 'telling'), goldens: goldens(), reason: 'r', who: 'us' })
    const own = join(goldens(), (await readdir(goldens()))[0] ?? '')
    const golden = goldenSchema.parse(JSON.parse(await readFile(join(own, 'a.json'), 'utf8')))
    expect(golden.tensors).toEqual({ ...first?.tensors, file: 'a.safetensors' })
    const [name, latent] = golden.tensors ? ([...(await readTensors(own, golden.tensors))][0] ?? []) : []
    expect([name, latent]).toEqual(['latent', stages.latent])

    await approve({ run: await replayed(), goldens: goldens(), cases: ['a'], reason: 'r', who: 'us' })
    expect(await readdir(own)).not.toContain('a.safetensors')
    expect(await readdir(own)).toContain('b.safetensors')
  })

  test('refuses a run whose tensors were damaged', async () => {
    const stages = { latent: { shape: [1], data: Float32Array.of(0.5) } }
    const out = await replayed('telling', fakeEngine({ draw: () => ({ pictures: [blot(1)], stages }) }))
    await truncate(join(out, 'tensors/b.safetensors'), 20)
    await expect(readRun(out)).rejects.toThrow('b.safetensors are not the ones that were computed')
  })

  test('refuses a run whose pictures were edited', async () => {
    const made = await readRun(await replayed())
    await cp(join(run(), 'images/a.0.png'), join(run(), 'images/b.0.png'))
    await writeRun(run(), made)
    await expect(approve({ run: run(), goldens: goldens(), reason: 'r', who: 'us' })).rejects.toThrow(
      'not the one that was drawn',
    )
  })
})
