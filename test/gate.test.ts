/** The whole loop through the command line: gate, shards, merge, approval, comparison. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Run } from '../src/harness/run-schema.js'
import { cli, temporaryFolder } from './support/cli.js'

const folder = temporaryFolder('gate')
const at = (name: string) => join(folder, name)
const runOf = (path: string): Run => JSON.parse(readFileSync(join(path, 'run.json'), 'utf8'))

const goldens = at('golden')
const payloads = at('payloads')

/** Small ones, so that the loop takes seconds. */
function fixture(id: string, seed: number, version = 1) {
  writeFileSync(
    join(payloads, `${id}.yaml`),
    `version: ${version}\ntitle: ${id}\nfeatures: [${id}]\nsource: written by us\nmodel: pocket-sd15\npayload:\n  prompt: a red circle\n  seed: ${seed}\n  width: 64\n  height: 64\n  ddim_steps: 2\n`,
  )
}

beforeAll(() => {
  mkdirSync(payloads)
  for (const [index, id] of ['one', 'two', 'three'].entries()) fixture(id, index + 1)
  // Stress has a test of its own.
  const config = `version: 1\nstages: [plan, replay, check]\nfixtures: payloads\ngolden: golden\njunit: out/junit.xml\nmarkdown: out/run.md\n`
  writeFileSync(at('horde-onnx.yaml'), config)
})

const gate = (...args: string[]) => cli(['gate', ...args], { cwd: folder })

describe('from red to approved', () => {
  it('nothing is approved yet: exit code 3, and the stored run can be approved', async () => {
    const { exitCode, stderr } = await gate('--out', 'first')
    expect(stderr).toMatch(/plan: 0 of 3 plans are the approved ones, 3 have no golden/)
    expect(exitCode).toBe(3)
    const args = [
      'approve',
      'first',
      '--golden',
      'golden',
      '--reason',
      'first light',
      '--who',
      'tester',
      '--allow-dirty',
    ]
    const approved = await cli([...args, '--verdict', 'no-golden'], { cwd: folder })
    expect(approved.stdout).toContain('3 added')
    expect(existsSync(at('out/junit.xml'))).toBe(true)
  }, 60_000)

  it('plans are compared without drawing', async () => {
    const { exitCode, stdout } = await gate('--plan-only')
    expect(stdout).toContain('3 of 3 plans are the approved ones')
    expect(exitCode).toBe(0)
  })

  it('shards are drawn apart and decided together', async () => {
    const shards = ['1/2', '2/2'].map((shard, i) => gate('--shard', shard, '--out', `shard-${i + 1}`))
    expect((await Promise.all(shards)).map(({ exitCode }) => exitCode)).toEqual([0, 0])
    const args = ['report', 'merge', 'shard-1', 'shard-2', '--out', 'merged', '--markdown', 'merged.md', '--github']
    const { exitCode, stdout } = await cli(args, { cwd: folder })
    expect(stdout).toContain('All 3 cases match')
    expect(exitCode).toBe(0)
    expect(runOf(at('merged')).stages?.map(({ name }) => name)).toContain('plan 2/2')
    expect(readFileSync(at('merged.md'), 'utf8')).toContain('Feature parity with goldens: all 3 the same')
    const half = await cli(['report', 'merge', 'shard-1', '--out', 'half'], { cwd: folder })
    expect(half).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('shard 2/2 is missing') })
  }, 60_000)

  it('a change turns it red by plan and by picture, and is reviewed as one cause', async () => {
    for (const id of ['one', 'two']) {
      const file = join(goldens, readdirSync(goldens)[0] ?? '', `${id}.json`)
      const golden = JSON.parse(readFileSync(file, 'utf8'))
      golden.plan.passes[0].sampler = 'ddim'
      golden.planSha256 = '0'.repeat(64)
      writeFileSync(file, JSON.stringify(golden))
    }
    const { exitCode, stderr, stdout } = await gate('--out', 'red', '--github')
    expect(stderr).toMatch(/one fail: the plan changed: passes\[0\]\.sampler was "ddim", is "euler/)
    expect(stdout).toMatch(/1 cause:\n {2}([0-9a-f]{12}) {2}2 cases fail: plan: passes\[\]\.sampler "ddim" → "euler/)
    expect(stderr).toMatch(
      /^::error title=2 cases%3A plan%3A passes\[\]\.sampler .*::one, two \(group [0-9a-f]{12}\)$/m,
    )
    expect(exitCode).toBe(1)
    expect(runOf(at('red')).cases[0]?.verdict?.redrawn).toMatchObject({ unstable: false })
    const [group = ''] = runOf(at('red')).comparison?.groups.map(({ fingerprint }) => fingerprint) ?? []
    const args = ['approve', 'red', '--golden', 'golden', '--reason', 'euler it is', '--group', group, '--allow-dirty']
    expect((await cli(args, { cwd: folder })).stdout).toContain('2 replaced')
    expect((await cli(['check', 'red', '--golden', 'golden', '--strict-drift'], { cwd: folder })).exitCode).toBe(0)
  }, 60_000)

  it('a waiver that expired fails the run by itself', async () => {
    const waiver = (expires: string) =>
      writeFileSync(
        join(goldens, 'waivers.yaml'),
        `version: 1\nwaivers:\n  - case: one\n    gate: pixels\n    owner: robin\n    reason: r\n    expires: ${expires}\n`,
      )
    waiver('2020-01-01')
    const { exitCode, stdout } = await cli(['check', 'red', '--golden', 'golden'], { cwd: folder })
    expect(stdout).toContain('the waiver of robin for one (pixels) expired on 2020-01-01')
    expect(exitCode).toBe(1)
    waiver('2999-01-01')
    expect((await cli(['check', 'red', '--golden', 'golden'], { cwd: folder })).exitCode).toBe(0)
  })

  it('goldens are listed with who and why, and pruned by a whole run only', async () => {
    const list = await cli(['golden', 'list', '--golden', 'golden', '--json'], { cwd: folder })
    expect(
      JSON.parse(list.stdout).goldens.map((each: { case: string; reason: string }) => [each.case, each.reason]),
    ).toEqual([
      ['one', 'euler it is'],
      ['three', 'first light'],
      ['two', 'euler it is'],
    ])
    const shard = await cli(['golden', 'prune', '--golden', 'golden', '--run', 'shard-1', '--yes'], { cwd: folder })
    expect(shard).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('it is shard 1 of 2') })
    const whole = await cli(['golden', 'prune', '--golden', 'golden', '--run', 'merged'], { cwd: folder })
    expect(whole.stdout).toContain('0 of 3 goldens would be removed')
  })

  it('two runs are compared without goldens', async () => {
    const { exitCode, stdout } = await cli(['compare', 'first', 'red', '--out', 'compared'], { cwd: folder })
    expect(stdout).toMatch(/against horde-onnx .*│ three +│ same \(1\)/s)
    expect(exitCode).toBe(0)
    expect(existsSync(at('compared/report.html'))).toBe(true)
  })
})

describe('a gate that approves itself', () => {
  const replay = ['replay', 'payloads', '--only', 'three', '--check', '--golden', 'golden', '--update', 'changed']
  const run = (args: string[], ci: string | undefined) =>
    cli(args, { cwd: folder, env: ci === undefined ? { CI: '' } : { CI: ci } })

  it('is refused in a CI, and without a reason', async () => {
    const inCi = await run([...replay, '--reason', 'r', '--out', 'update-ci'], 'true')
    expect(inCi).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('cannot fail') })
    expect(existsSync(at('update-ci'))).toBe(false)
    const bare = await run([...replay, '--out', 'update-bare'], undefined)
    expect(bare).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('needs a reason') })
    expect(await run([...replay.slice(0, -1), 'some', '--out', 'x'], undefined)).toMatchObject({ exitCode: 4 })
  })

  it('approves what left its golden where a person says so', async () => {
    fixture('three', 77, 2)
    const args = [...replay, '--reason', 'another seed', '--allow-dirty', '--out', 'updated']
    const { exitCode, stderr } = await run(args, undefined)
    expect(stderr).toContain('three replaced')
    expect(exitCode).toBe(0)
  }, 60_000)
})

describe('wrong use', () => {
  it.each([
    [['gate', '--shard', '9/9'], /shard 9\/9 has nothing to do/],
    [['gate', '--shard', 'x'], /--shard must be like 1\/3/],
    [['gate', '--config', 'none.yaml'], /cannot read none\.yaml/],
    [['gate', '--only', 'nothing-*'], /no fixture called nothing-\*/],
    [['golden', 'burn'], /golden has no command "burn".*list, audit, prune/s],
    [['approve', 'first', '--golden', 'golden'], /needs a reason/],
    [['approve', 'first', '--golden', 'golden', '--reason', 'r', '--verdict', 'bad'], /--verdict must be of pass/],
    [['compare', 'first'], /compare needs two runs/],
  ] as const)('%j ends with 4 and says why', async (args, message) => {
    const { exitCode, stderr } = await cli(args, { cwd: folder })
    expect(stderr).toMatch(message)
    expect(exitCode).toBe(4)
  })
})
