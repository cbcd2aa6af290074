import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { engineBackend } from '../../backends/engine-backend.js'
import type { Fixture } from '../fixture/fixture.js'
import { approve } from '../golden/approve.js'
import { replay } from '../replay.js'
import { readRun } from '../run-store.js'
import { blot, type Draw, edited, fakeEngine } from '../testing.js'
import { gateConfigSchema, loadGateConfig } from './config.js'
import { runGate } from './run-gate.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gate-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function fixture(id: string, seed: number): Fixture {
  const payload = JSON.stringify({ payload: { prompt: 'p', seed }, model: 'none' })
  const payloadSha256 = String(seed).padStart(64, '0')
  return { id, file: `${id}.yaml`, version: 1, features: [id], output: 'photo', payload, payloadSha256 }
}

const FIXTURES = [fixture('a', 1), fixture('b', 2)]
const goldens = () => join(folder, 'golden')

async function approved(): Promise<void> {
  const out = join(folder, 'approved')
  await replay({ backend: engineBackend(fakeEngine()), fixtures: FIXTURES, out })
  await approve({ run: out, goldens: goldens(), reason: 'r', who: 'us', allowDirty: true })
}

let runs = 0
function gate(draw?: Draw, more: object = {}) {
  const engine = fakeEngine(draw && { draw })
  return runGate({
    config: gateConfigSchema.parse({ version: 1, ...more }),
    engine,
    backend: engineBackend(engine),
    fixtures: FIXTURES,
    unselected: [],
    selection: { only: [], of: 2 },
    goldens: goldens(),
    out: join(folder, `run-${runs++}`),
  })
}

const codes = ({ stages }: Awaited<ReturnType<typeof gate>>) => stages.map(({ name, exitCode }) => [name, exitCode])

describe('the gate', () => {
  test('passes where every stage does, and the run says so', async () => {
    await approved()
    const outcome = await gate()
    expect(outcome.exitCode).toBe(0)
    expect(codes(outcome)).toEqual([
      ['plan', 0],
      ['replay', 0],
      ['check', 0],
    ])
    expect(outcome.run?.stages?.map(({ name }) => name)).toEqual(['plan', 'replay', 'check'])
  })

  test('without goldens nothing was compared: that is not green', async () => {
    expect((await gate()).exitCode).toBe(3)
    expect((await gate(undefined, { stages: ['plan'] })).exitCode).toBe(3)
  })

  test('a plan that changed is told by the first stage; with that stage alone nothing is drawn', async () => {
    await approved()
    let drawn = 0
    const batch: Draw = ({ seed }) => {
      drawn++
      return { pictures: seed === 2 ? [blot(seed), blot(seed)] : [blot(seed)] }
    }
    const { exitCode, plans, run } = await gate(batch, { stages: ['plan'] })
    expect(exitCode).toBe(1)
    expect(run).toBeUndefined()
    expect(drawn).toBe(2) // the fake engine draws to plan
    expect(plans).toMatchObject([
      { id: 'a', verdict: 'pass' },
      { id: 'b', verdict: 'fail', reason: expect.stringContaining('batch was 1, is 2') },
    ])
  })

  test('a waived plan does not fail it', async () => {
    await approved()
    const waiver = 'version: 1\nwaivers:\n  - {case: b, gate: "*", owner: o, reason: r, expires: 2999-01-01}\n'
    await writeFile(join(goldens(), 'waivers.yaml'), waiver)
    const batch: Draw = ({ seed }) => ({ pictures: seed === 2 ? [blot(seed), blot(seed)] : [blot(seed)] })
    const outcome = await gate(batch)
    expect(outcome.stages[0]?.says).toContain('1 are waived')
    expect(outcome.exitCode).toBe(0)
    expect(outcome.run?.cases[1]?.verdict).toMatchObject({ verdict: 'waived', waiver: { owner: 'o' } })
  })

  test('a failure that repeats is a regression, with the second drawing kept', async () => {
    await approved()
    const { exitCode, run } = await gate(({ seed }) => ({ pictures: [edited(blot(seed), v => v - 50)] }))
    expect(exitCode).toBe(1)
    expect(run?.cases[0]?.verdict?.redrawn).toEqual({ unstable: false, says: 'drawn again, it is the same' })
  })

  test('a failure that does not repeat is unstable', async () => {
    await approved()
    let calls = 0
    // Each case is planned, then drawn; the drawing after that is the second.
    const flaky: Draw = ({ seed }) => ({ pictures: [++calls > 4 ? blot(seed) : edited(blot(seed), v => v - 50)] })
    const { exitCode, run, stages } = await gate(flaky)
    expect(exitCode).toBe(6)
    expect(run?.cases[0]?.verdict).toMatchObject({ verdict: 'fail', redrawn: { unstable: true } })
    expect(stages[2]?.says).toContain('2 unstable')
    expect(await readRun(join(folder, `run-${runs - 1}`, 'redrawn'))).toMatchObject({ command: 'gate: redraw' })
    calls = 0
    expect((await gate(flaky, { redraw: false })).exitCode).toBe(1)
  })

  test('is for the machines that its configuration names', async () => {
    await expect(gate(undefined, { class: 'cuda-*' })).rejects.toMatchObject({ exitCode: 5 })
    expect((await gate(undefined, { class: 'cpu-*', stages: ['plan'] })).exitCode).toBe(3)
  })
})

describe('the configuration', () => {
  const load = async (text: string) => {
    const file = join(folder, 'gate.yaml')
    await writeFile(file, text)
    return loadGateConfig(file)
  }

  test('has a default for everything; paths are meant from its own folder', async () => {
    expect(await load('version: 1\n')).toEqual({
      version: 1,
      concurrency: 2,
      stages: ['plan', 'replay', 'check', 'stress'],
      strict_drift: false,
      redraw: true,
    })
    expect((await load('version: 1\nfixtures: ../payloads\n')).fixtures).toBe(join(folder, '../payloads'))
  })

  test.each([
    ['', /gate\.yaml:1: version is missing/],
    ['version: 2\n', /:1: version must be 1/],
    ['version: 1\nstages: [plan, pray]\n', /:2: stages\[1\] must be one of plan, replay, check/],
    ['version: 1\n\nconcurrency: lots\n', /:3: concurrency must be a number, got "lots"/],
    ['version: 1\nthreshold: 0.5\n', /:2: threshold is no field of the configuration of a gate/],
  ])('%j is an error with its line', async (text, message) => {
    await expect(load(text)).rejects.toThrow(message)
  })

  test('a file that is named has to be there', async () => {
    await expect(loadGateConfig(join(folder, 'none.yaml'))).rejects.toThrow(/cannot read .*none\.yaml/)
  })

  test('the shipped example is one', async () => {
    const docs = await readFile(new URL('../../../docs/ci.md', import.meta.url), 'utf8')
    const [, example = ''] = /```yaml\n# horde-onnx\.yaml\n(.*?)```/su.exec(docs) ?? []
    expect((await load(example)).fixtures).toBe(join(folder, 'fixtures/payloads'))
  })
})
