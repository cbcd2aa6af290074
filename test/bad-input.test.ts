import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { cli, ROOT, temporaryFolder } from './support/cli.js'

const folder = temporaryFolder('bad-input')

/** A safetensors file with this header; `length` lies about its size. */
function safetensors(header: string, { length = Buffer.byteLength(header), body = 0 } = {}): Buffer {
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(length))
  return Buffer.concat([size, Buffer.from(header), Buffer.alloc(body)])
}

/** Draws with a catalogue whose one model is these bytes. */
function drawWith(name: string, bytes: Buffer) {
  const file = join(folder, `${name}.safetensors`)
  writeFileSync(file, bytes)
  const catalogue = join(folder, `${name}.yaml`)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  writeFileSync(
    catalogue,
    `version: 1\nmodels:\n  broken:\n    file: ${name}.safetensors\n    sha256: ${sha256}\n    baseline: stable_diffusion_1\n`,
  )
  return cli(['generate', 'a circle', '--catalogue', catalogue, '--model', 'broken', '-o', join(folder, 'x.png')])
}

const pocket = () => readFileSync(join(ROOT, 'fixtures/models/pocket/pocket-sd15.safetensors'))

describe('a model file that is not what it says', () => {
  it.each([
    ['empty', () => Buffer.alloc(0), /empty\.safetensors/],
    ['cut-in-header', () => pocket().subarray(0, 5000), /cut-in-header\.safetensors.*header/s],
    ['cut-in-body', () => pocket().subarray(0, 1_000_000), /cut-in-body\.safetensors/],
    ['endless-header', () => safetensors('{}', { length: 2 ** 50 }), /endless-header\.safetensors.*header/s],
    ['no-json', () => safetensors('{"a": '), /no-json\.safetensors.*JSON/s],
    [
      'beyond-end',
      () => safetensors('{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}', { body: 8 }),
      /beyond-end\.safetensors.*"?a"?/s,
    ],
    [
      'another-architecture',
      () => safetensors('{"weight":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', { body: 8 }),
      /another-architecture\.safetensors/,
    ],
    ['web-page', () => Buffer.from('<!doctype html><title>404</title>'), /web page/],
  ] as const)('%s: one message, exit code 7', async (name, bytes, message) => {
    const { exitCode, stderr } = await drawWith(name, bytes())
    expect(stderr).toMatch(message)
    expect(stderr).not.toContain('    at ')
    expect(exitCode).toBe(7)
  })
})

describe('a fixture, catalogue or pack that breaks its schema', () => {
  it('names file, line and field', async () => {
    const fixture = join(folder, 'wrong.yaml')
    writeFileSync(fixture, 'version: 1\nfeatures: []\nsource: a test\npayload:\n  prompt: x\noutput: hologram\n')
    const { exitCode, stderr } = await cli(['replay', fixture, '--out', join(folder, 'run-wrong')])
    expect(stderr).toMatch(/wrong\.yaml:6.*output/s)
    expect(exitCode).toBe(4)
  })

  it('an empty selection is never green', async () => {
    const { exitCode, stderr } = await cli(['replay', '--only', 'no-such-*', '--out', join(folder, 'run-none')])
    expect(stderr).toContain('no-such-*')
    expect(exitCode).toBe(4)
  })

  it('a catalogue with a wrong field', async () => {
    const catalogue = join(folder, 'catalogue.yaml')
    writeFileSync(
      catalogue,
      'version: 1\nmodels:\n  a:\n    file: a.safetensors\n    sha256: no\n    baseline: stable_diffusion_1\n',
    )
    const { exitCode, stderr } = await cli(['generate', 'x', '--catalogue', catalogue])
    expect(stderr).toMatch(/catalogue\.yaml:5.*sha256/s)
    expect(exitCode).toBe(4)
  })

  it('a pack that is none, a run that is none', async () => {
    expect(await cli(['parity', folder])).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('pack.json') })
    expect(await cli(['check', folder])).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('run.json') })
  })
})

describe('a payload that is too large', () => {
  it('is refused before it is read into pieces', async () => {
    const payload = join(folder, 'huge.json')
    writeFileSync(payload, `{"prompt":"${'x'.repeat(65 * 2 ** 20)}"}`)
    const { exitCode, stderr } = await cli(['generate', '--payload', payload])
    expect(stderr).toMatch(/at most 67108864 are read/)
    expect(exitCode).toBe(4)
  })
})

describe('output that cannot be written', () => {
  it('a folder that is a file', async () => {
    const { exitCode, stderr } = await cli(['replay', '--only', 'steps-1', '--out', join(ROOT, 'package.json', 'run')])
    expect(stderr).toMatch(/cannot write/)
    expect(exitCode).toBe(5)
  })

  const small = join(folder, 'small')
  mkdirSync(small)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=100k', 'tmpfs', small]).status === 0
  afterAll(() => {
    if (mounted) spawnSync('umount', [small])
  })

  it.skipIf(!mounted)('a disk that fills up in the middle (needs the right to mount)', async () => {
    const run = join(small, 'run')
    const { exitCode, stderr } = await cli(['replay', '--only', 'size-*,steps-1,cfg-*', '--out', run])
    expect(stderr).toMatch(/ENOSPC.*\n.*disk is full/)
    expect(exitCode).toBe(5)
    const { complete, cases, pending } = JSON.parse(readFileSync(join(run, 'run.json'), 'utf8'))
    expect(complete).toBe(false)
    expect(cases.length).toBeGreaterThan(0)
    expect(pending.length).toBeGreaterThan(0)
  })
})
