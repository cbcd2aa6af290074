import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeAll, describe, expect, it } from 'vitest'
import { ROOT, temporaryFolder } from './support/cli.js'

const folder = temporaryFolder('pack')

const run = (command: string, args: string[], cwd = folder) =>
  execa(command, args, { cwd, env: { ONNXRUNTIME_NODE_INSTALL: 'skip' } })

describe('the packed package, installed into an empty folder', () => {
  beforeAll(async () => {
    const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], ROOT)
    const packed = JSON.parse(stdout.slice(stdout.search(/[[{]/)))
    const [{ filename }] = Array.isArray(packed) ? packed : Object.values<{ filename: string }>(packed)
    writeFileSync(join(folder, 'package.json'), '{ "name": "elsewhere", "private": true, "type": "module" }')
    await run('npm', ['install', '--no-audit', '--no-fund', join(folder, filename)])
  }, 300_000)

  it('draws from its import, with types', async () => {
    writeFileSync(
      join(folder, 'draw.mjs'),
      `import { createEngine } from 'horde-onnx'
       import { writeFileSync } from 'node:fs'
       const engine = await createEngine()
       const generation = await engine.generate({ model: 'pocket-sd15', payload: { prompt: 'a red circle', seed: 7, ddim_steps: 3, width: 128, height: 128 } })
       writeFileSync('import.png', generation.images[0].file)
       await engine.close()`,
    )
    await run(process.execPath, ['draw.mjs'])
    expect(readFileSync(join(folder, 'import.png')).subarray(1, 4).toString()).toBe('PNG')
    expect(existsSync(join(folder, 'node_modules/horde-onnx/dist/index.d.ts'))).toBe(true)
  }, 120_000)

  it('draws from its bin', async () => {
    await run('npx', ['horde-onnx', 'generate', 'a red circle', '--seed', '7', '--steps', '3', '-o', 'bin.png'])
    expect(readFileSync(join(folder, 'bin.png')).subarray(1, 4).toString()).toBe('PNG')
  }, 120_000)

  it('replays the payloads that it ships and writes their report', async () => {
    const { stdout } = await run('npx', ['horde-onnx', 'replay', '--only', 'steps-1', '--out', 'run'])
    expect(stdout).toContain('report.html')
    expect(readFileSync(join(folder, 'run/report.html'), 'utf8')).toContain('<!doctype html>')
  }, 120_000)
})
