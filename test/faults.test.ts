import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { execaSync } from 'execa'
import { createEngine, type Engine } from 'horde-onnx'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADAPTERS, writeAdapters } from '../src/harness/stress/adapters.js'
import { openCheckpoint } from '../src/models/checkpoint.js'
import { temporaryFolder } from './support/cli.js'

const POCKET = 'fixtures/models/pocket/pocket-sd15.safetensors'
const folder = temporaryFolder('faults')
const disk = join(folder, 'disk')
const at = (name: string) => join(folder, `${name}.safetensors`)
const mounted = process.getuid?.() === 0 && mountSmallDisk()

function mountSmallDisk(): boolean {
  mkdirSync(disk)
  return execaSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk], { reject: false }).exitCode === 0
}

let engine: Engine
let good: string | undefined

const draw = (model: string, payload: Record<string, unknown> = {}) =>
  engine.generate({
    model,
    payload: {
      prompt: 'a red circle',
      seed: 3,
      ddim_steps: 2,
      width: 64,
      height: 64,
      sampler_name: 'k_euler',
      ...payload,
    },
  })

/** Sets every value of a half-precision tensor. */
async function fill(file: string, tensor: string, bits: number): Promise<void> {
  const entry = (await openCheckpoint(file)).tensors.get(tensor)
  if (entry === undefined) throw new Error(`no ${tensor}`)
  const handle = await open(file, 'r+')
  await handle.write(new Uint8Array(new Uint16Array(entry.length / 2).fill(bits).buffer), 0, entry.length, entry.offset)
  await handle.close()
}

beforeAll(async () => {
  const bytes = readFileSync(POCKET)
  writeFileSync(at('truncated'), bytes.subarray(0, 20_000_000))
  writeFileSync(
    at('corrupt'),
    Buffer.concat([bytes.subarray(0, 8), Buffer.alloc(100_000, 0x5a), bytes.subarray(100_008)]),
  )
  mkdirSync(at('folder'))
  copyFileSync(POCKET, at('nan'))
  await fill(at('nan'), 'model.diffusion_model.out.2.weight', 0x7e00)
  copyFileSync(POCKET, at('moving'))
  await writeAdapters(folder, POCKET)
  // Lanes inherit it: where merged weights are written.
  const before = process.env.TMPDIR
  if (mounted) process.env.TMPDIR = disk
  const models = ['truncated', 'corrupt', 'folder', 'missing', 'nan', 'moving']
  engine = await createEngine({
    models: Object.fromEntries(models.map(name => [name, { file: at(name) }])),
    adapterFolders: [folder],
    deterministic: true,
  })
  await engine.environment()
  if (before === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = before
  good = (await draw('pocket-sd15')).images[0]?.sha256
})

afterAll(async () => {
  await engine.close()
  if (mounted) execaSync('umount', [disk])
  rmSync(folder, { recursive: true, force: true })
})

describe('what is wrong with one job is a fault of that job, and the one beside it is drawn as ever', () => {
  it.each([
    ['truncated', 'model-file', /truncated\.safetensors/],
    ['corrupt', 'model-file', /corrupt\.safetensors/],
    ['folder', 'model-file', /folder\.safetensors: is a folder/],
    ['missing', 'model-file', /missing\.safetensors: cannot be read \(ENOENT\)/],
    ['nan', 'not-finite', /nan\.safetensors: the UNet computed values that are not finite/],
  ])('a %s checkpoint', async (model, code, message) => {
    const [bad, beside] = await Promise.all([draw(model), draw('pocket-sd15')])
    expect(bad.faults).toMatchObject([{ code, message: expect.stringMatching(message) }])
    expect(bad.images).toEqual([])
    expect(beside.images[0]?.sha256).toBe(good)
  })

  it.skipIf(!mounted)('a full disk where LoRAs are merged (needs root, for a small tmpfs)', async () => {
    const [bad, beside] = await Promise.all([
      draw('pocket-sd15', { loras: [{ name: ADAPTERS.loha, model: 1, clip: 1 }] }),
      draw('pocket-sd15'),
    ])
    expect(bad.faults).toMatchObject([{ code: 'output', message: expect.stringMatching(/ENOSPC|do not fit/) }])
    expect(beside.images[0]?.sha256).toBe(good)
  })
})

describe('a checkpoint that is', () => {
  it('deleted while it is used is drawn to the end, and is missing from then on', async () => {
    expect((await draw('moving')).images[0]?.sha256).toBe(good)
    const handle = draw('moving')
    for await (const event of handle) if (event.type === 'step') rmSync(at('moving'), { force: true })
    expect((await handle).images[0]?.sha256).toBe(good)
    expect((await draw('moving')).faults).toMatchObject([{ code: 'model-file' }])
  })

  it('replaced is the new one from the next job on', async () => {
    copyFileSync(POCKET, at('moving'))
    expect((await draw('moving')).images[0]?.sha256).toBe(good)
    rmSync(at('moving'))
    copyFileSync(POCKET, at('moving'))
    await fill(at('moving'), 'model.diffusion_model.out.2.bias', 0x3c00)
    const { state, images } = await draw('moving')
    expect(state).toBe('ok')
    expect(images[0]?.sha256).not.toBe(good)
  })
})
