import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import { BackendError } from '../../errors.js'
import { blot, fakeEngine } from '../../harness/testing.js'
import { engineBackend } from '../engine-backend.js'
import { serveSidecar } from './serve.js'
import { type SidecarBackend, type SidecarOptions, sidecarBackend } from './sidecar-backend.js'

const PYTHON = ['python3', 'python'].find(
  name => spawnSync(name, ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']).status === 0,
)
const FLAT = resolve(import.meta.dirname, '../../../test/support/flat_sidecar.py')
if (PYTHON === undefined) console.warn('the Python sidecars are not tested: there is no Python 3.9')

let backend: SidecarBackend
afterEach(() => backend.close())

function flat(args: readonly string[] = [], options: Partial<SidecarOptions> = {}): SidecarBackend {
  backend = sidecarBackend({ command: [PYTHON ?? 'python3', FLAT, ...args], ...options })
  return backend
}

const payload = (more = {}) =>
  JSON.stringify({
    payload: { prompt: 'x', seed: 0x030201, width: 64, height: 128, ddim_steps: 2, ...more },
    model: 'm',
  })

describe.skipIf(PYTHON === undefined)('a sidecar in Python', () => {
  test('says what it is, draws, tells its steps and phases, and serves job after job', async () => {
    const { name, can } = await flat().describe()
    expect([name, can]).toEqual(['flat', ['txt2img', 'batch']])
    expect(await backend.environment()).toMatchObject({ device: 'test', ort: 'python' })
    const handle = backend.generate(payload({ n_iter: 2 }), { id: 'a' })
    const steps: number[] = []
    for await (const event of handle) if (event.type === 'step') steps.push(event.step)
    const generation = await handle
    expect(steps).toEqual([1, 2])
    expect(generation).toMatchObject({ id: 'a', state: 'ok', images: [{ width: 64, height: 128, channels: 3 }, {}] })
    expect([...(generation.images[0]?.pixels.slice(0, 6) ?? [])]).toEqual([1, 2, 3, 1, 2, 3])
    expect(generation.timings.steps).toHaveLength(2)
    expect(generation.timings.total).toBeGreaterThan(0)
    const both = await Promise.all(['b', 'c'].map(id => backend.generate(payload(), { id })))
    expect(both.map(({ id, state }) => [id, state])).toEqual([
      ['b', 'ok'],
      ['c', 'ok'],
    ])
  })

  test('what it cannot do is unsupported; a defect is a fault of its job; what its libraries print is no answer', async () => {
    flat()
    const draw = (more: object) => backend.generate(payload(more), { id: 'x' })
    expect(await draw({ sampler_name: 'k_lms' })).toMatchObject({ state: 'fault', faults: [{ code: 'unsupported' }] })
    expect(await draw({ prompt: 'raise' })).toMatchObject({
      state: 'fault',
      faults: [{ message: 'ValueError: a defect' }],
    })
    expect(await draw({ prompt: 'no picture' })).toMatchObject({ state: 'fault', faults: [{ code: 'image' }] })
    expect(await draw({ prompt: 'print' })).toMatchObject({ state: 'ok' })
  })

  test('that dies is started again, and its job runs again', async () => {
    flat([], { env: { DIED: join(mkdtempSync(join(tmpdir(), 'sidecar-')), 'died') } })
    const handle = backend.generate(payload({ prompt: 'die once' }), { id: 'a' })
    const reasons: string[] = []
    for await (const event of handle) if (event.type === 'restarted') reasons.push(event.reason)
    expect(reasons).toEqual([expect.stringContaining('ended with code 3')])
    expect(await handle).toMatchObject({ state: 'ok', retries: 1 })
  })

  test('that dies of a job again and again is a fault of that job, and serves the next', async () => {
    flat()
    expect(await backend.generate(payload({ prompt: 'die' }), { id: 'a' })).toMatchObject({
      state: 'fault',
      faults: [{ code: 'backend', message: expect.stringContaining('ended with code 3') }],
    })
    expect(await backend.generate(payload(), { id: 'b' })).toMatchObject({ state: 'ok' })
  })

  test('that says something else than the protocol, or nothing, is told so', async () => {
    await expect(flat(['--babble']).describe()).rejects.toThrow('broke the protocol')
    await backend.close()
    await expect(flat(['--silent'], { startMs: 300 }).describe()).rejects.toThrow('said nothing')
  })
})

test('a program that is not there is a clear error, and a fault of each job', async () => {
  backend = sidecarBackend({ command: ['no-such-program-here'] })
  await expect(backend.describe()).rejects.toThrow(BackendError)
  expect(await backend.generate('{}', { id: 'a' })).toMatchObject({
    state: 'fault',
    faults: [{ code: 'backend', message: expect.stringContaining('no-such-program-here') }],
  })
})

test('a backend of ours answers the same requests, with what was wanted beside the pictures', async () => {
  backend = sidecarBackend({ command: ['unused'] })
  const [input, output] = [new PassThrough(), new PassThrough()]
  const engine = fakeEngine({
    draw: ({ seed, prompt }) =>
      prompt === 'fault'
        ? { state: 'fault', faults: [{ code: 'unsupported', message: 'not yet', hint: 'wait' }] }
        : { pictures: [blot(seed)] },
  })
  const served = serveSidecar(engineBackend(engine), { input, output })
  for (const line of [
    { type: 'generate', id: 'a', payload: payload(), want: { plan: true } },
    { type: 'generate', id: 'b', payload: payload({ prompt: 'fault' }) },
    { type: 'close' },
  ]) {
    input.write(`${JSON.stringify(line)}\n`)
  }
  await served
  const lines = String(output.read())
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(lines[0]).toMatchObject({ type: 'hello', name: 'horde-onnx', environment: { runtime: '1.30.0' } })
  expect(lines.find(({ type }) => type === 'result')).toMatchObject({
    id: 'a',
    images: [expect.any(String)],
    plan: { version: 1 },
  })
  expect(lines).toContainEqual({ type: 'fault', id: 'b', code: 'unsupported', message: 'not yet', hint: 'wait' })
})
