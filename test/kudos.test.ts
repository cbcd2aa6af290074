import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { NPZ } from '../src/harness/kudos/testing.js'
import { RUN_SCHEMA, type Run } from '../src/harness/run-schema.js'
import { blot, caseOf, ENVIRONMENT } from '../src/harness/testing.js'
import { cli, temporaryFolder } from './support/cli.js'

const folder = temporaryFolder('kudos')
const model = join(folder, 'model.npz')
const PAYLOAD = '{"payload":{"ddim_steps":30,"karras":true,"sampler_name":"k_euler","n_iter":2},"model":"x"}'

function fixtures(): string {
  const path = join(folder, 'pop.json')
  writeFileSync(model, NPZ)
  writeFileSync(path, PAYLOAD)
  return path
}

it('prices a payload by its family and bridge', async () => {
  const path = fixtures()
  const of = async (...args: string[]) =>
    JSON.parse((await cli(['kudos', path, '--model', model, '--json', ...args])).stdout)[0]
  const [plain, xl] = await Promise.all([of(), of('--baseline', 'stable_diffusion_xl', '--bridge', 'other')])
  expect(plain).toMatchObject({ id: 'pop', by: 'model', multiplier: 1, pictures: 2, reward: 2 * plain.kudos })
  expect(xl.reward).toBeCloseTo(2 * 0.75 * plain.reward)
})

it('writes what a run is worth into the run and its page', async () => {
  fixtures()
  const run = join(folder, 'run')
  mkdirSync(run)
  const drawn = caseOf('a', blot(1))
  const stored: Run = {
    schema: RUN_SCHEMA,
    id: 'r',
    createdAt: '2026-01-01T00:00:00.000Z',
    complete: true,
    command: 'replay',
    backend: 'horde-onnx',
    version: '1',
    environment: ENVIRONMENT,
    models: [],
    wallMs: 1,
    cases: [{ ...drawn, fixture: { ...drawn.fixture, payload: PAYLOAD } }],
    pending: [],
  }
  writeFileSync(join(run, 'run.json'), JSON.stringify(stored))
  const { exitCode, stdout } = await cli(['kudos', run, '--model', model])
  expect(exitCode).toBe(0)
  expect(stdout).toContain('stable_diffusion_1 · txt2img · 512')
  const section: Run = JSON.parse(readFileSync(join(run, 'run.json'), 'utf8'))
  expect(section.kudos).toMatchObject({ model: { file: 'model.npz' }, mix: { cases: 1 }, cases: [{ id: 'a' }] })

  const weighed = await cli(['kudos', run, '--model', model, '--against', run, '--traffic', folder])
  expect(weighed.stdout).toContain('On the 1 payload of ')
  expect(weighed.stdout).toContain('1.00× of what horde-onnx earns')
  expect(weighed.stdout).toMatch(/sampler:k_euler .* 100 % .* 1\.00 .* \+0\.0 %/)
})

it('--traffic is of a run', async () => {
  const { exitCode, stderr } = await cli(['kudos', fixtures(), '--model', model, '--traffic', folder])
  expect(exitCode).toBe(4)
  expect(stderr).toContain('weighs a run')
})

it('without a model it says where the model is', async () => {
  const { exitCode, stderr } = await cli(['kudos', fixtures()])
  expect(exitCode).toBe(4)
  expect(stderr).toContain('kudos-v21-206.npz')
})
