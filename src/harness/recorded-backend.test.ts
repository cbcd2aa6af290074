import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { engineBackend } from '../backends/engine-backend.js'
import { sha256Hex } from './canonical.js'
import type { Fixture } from './fixture/fixture.js'
import { recordedBackend } from './recorded-backend.js'
import { replay } from './replay.js'
import { readRun, writeRun } from './run-store.js'
import { blot, fakeEngine } from './testing.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'recorded-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function fixture(id: string, seed: number): Fixture {
  const payload = JSON.stringify({ payload: { prompt: 'a red circle', seed }, model: 'none' })
  return {
    id,
    file: `${id}.yaml`,
    version: 1,
    features: [],
    output: 'photo',
    payload,
    payloadSha256: sha256Hex(payload),
  }
}

const FIXTURES = [fixture('a', 1), fixture('b', 2)]

async function recorded(): Promise<string> {
  const out = join(folder, 'first')
  const engine = fakeEngine({
    draw: ({ seed }) =>
      seed === 2
        ? { state: 'fault', faults: [{ code: 'unsupported', message: 'no', hint: 'wait' }] }
        : { pictures: [blot(seed)] },
  })
  await replay({ backend: engineBackend(engine), fixtures: FIXTURES, out })
  return out
}

test('a run replayed from a run has its cases, environment, plans and pictures', async () => {
  const first = await recorded()
  const again = await replay({
    backend: await recordedBackend(first),
    fixtures: FIXTURES,
    out: join(folder, 'second'),
  })
  const { cases, environment, backend, version } = await readRun(first)
  expect(again).toMatchObject({ cases, environment, backend, version, complete: true })
  expect(await readRun(join(folder, 'second'))).toEqual(again)
})

test('a payload that was never drawn is unsupported, and nothing is made up', async () => {
  const backend = await recordedBackend(await recorded())
  const generation = await backend.generate('{"prompt":"another"}', { id: 'x' })
  expect(generation).toMatchObject({ state: 'fault', images: [], faults: [{ code: 'unsupported' }] })
})

test('the environment of the recording is told, not that of this machine', async () => {
  const first = await recorded()
  const run = await readRun(first)
  const elsewhere = {
    ...run.environment,
    class: 'cuda-nvidia-a100-fp16-ort1.30.0',
    isa: 'unknown',
    platform: 'win32-x64',
  }
  await writeRun(first, { ...run, environment: elsewhere })
  const again = await replay({
    backend: await recordedBackend(first),
    fixtures: FIXTURES,
    out: join(folder, 'second'),
  })
  expect(again.environment).toEqual(elsewhere)
})
