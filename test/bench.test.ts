import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { cli, ROOT, temporaryFolder } from './support/cli.js'

const folder = temporaryFolder('bench')

it('a build times its engine, judges what it drew, and remembers the times', async () => {
  const out = join(folder, 'run')
  const history = join(folder, 'history.jsonl')
  const { stdout, stderr } = await cli([
    'bench',
    `build:${ROOT},threads=1`,
    ...['--only', 'steps-1', '--pairs', '4', '--force', '--json', '--out', out, '--history', history],
  ])
  expect(stderr).not.toContain('error')
  const speed = JSON.parse(stdout)
  expect(speed).toMatchObject({
    valid: true,
    parity: { passed: 1, cases: 1 },
    candidate: { backend: 'horde-onnx', threads: 1 },
    payloads: [{ id: 'steps-1', steps: 1, candidate: { wall: { n: 4 }, step: { n: 4 } } }],
  })
  expect(speed.payloads[0].candidate.phases.decode).toBeGreaterThan(0)
  expect(JSON.parse(readFileSync(history, 'utf8'))).toMatchObject({ payload: 'steps-1', valid: true })
  const published = join(folder, 'published')
  expect((await cli(['report', 'publish', out, '--out', published])).exitCode).toBe(0)
  for (const file of ['report.html', 'report.md', 'speed.png', 'phases.png']) {
    expect(existsSync(join(published, file))).toBe(true)
  }
}, 180_000)

it.each([
  [['bench', 'recorded:runs/x'], 'one time a payload'],
  [['bench', 'engine:thread=1'], 'is no setting'],
  [['bench', 'build:/nowhere'], 'holds no built horde-onnx'],
  [['bench', 'full-size', 'sd3'], 'there is no size "sd3"'],
  [['replay', '--backend', 'comfyui'], 'needs a place'],
  [['replay', '--backend', 'nobody'], 'there is no backend'],
  [['record', '--prompts', 'some'], 'keep or hash'],
])('%j is refused with what to do', async (args, message) => {
  const { exitCode, stderr } = await cli(args)
  expect(exitCode).toBe(4)
  expect(stderr).toContain(message)
})
