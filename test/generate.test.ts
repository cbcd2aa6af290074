import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { openCheckpoint } from '../src/models/checkpoint.js'
import { writeSafetensors } from '../src/models/files/safetensors.js'
import { cli, ROOT, temporaryFolder } from './support/cli.js'
import { filled } from './support/run-graph.js'

const folder = temporaryFolder('generate')
const circle = join(folder, 'circle.png')

async function pixel(file: string, x: number, y: number): Promise<number[]> {
  const { data } = await sharp(file)
    .extract({ left: x, top: y, width: 1, height: 1 })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return [...data]
}

describe('horde-onnx generate', () => {
  beforeAll(async () => {
    const { exitCode, stdout, stderr } = await cli([
      'generate',
      'a red circle on a blue background',
      '--seed',
      '7',
      '-o',
      circle,
    ])
    expect(stderr).not.toContain('error')
    expect(stdout).toContain(circle)
    expect(exitCode).toBe(0)
  })

  it('draws a red circle on a blue background', async () => {
    const { width, height } = await sharp(circle).metadata()
    expect([width, height]).toEqual([128, 128])
    const [red, green, blue] = await pixel(circle, 3, 3)
    expect(blue).toBeGreaterThan(Math.max(red ?? 0, green ?? 0) + 60)
    const { data, info } = await sharp(circle).raw().toBuffer({ resolveWithObject: true })
    let reds = 0
    for (let i = 0; i < data.length; i += info.channels) {
      if ((data[i] ?? 0) > 150 && (data[i + 2] ?? 0) < 100) reds++
    }
    expect(reds).toBeGreaterThan(800)
  })

  it('leaves nothing but the picture: no telemetry of ONNX Runtime, no temporary file', async () => {
    const home = temporaryFolder('home')
    const TMPDIR = join(home, 'tmp')
    mkdirSync(TMPDIR)
    // ONNX Runtime collects nothing where CI is set, either.
    const env = { HOME: home, XDG_CACHE_HOME: '', TMPDIR, CI: '', ORT_DISABLE_TELEMETRY: '' }
    const { exitCode } = await cli(['generate', 'a star', '--steps', '1', '-o', join(home, 'star.png')], { env })
    expect(exitCode).toBe(0)
    expect(readdirSync(home, { recursive: true }).sort()).toEqual(['star.png', 'tmp'])
  })

  it('embeds the parameters the way image tools read them', () => {
    const text = readFileSync(circle).toString('latin1')
    expect(text).toContain('parameters')
    expect(text).toContain('a red circle on a blue background')
    expect(text).toContain('Seed: 7')
  })

  it('takes a recorded payload as it is, seed beyond 2^53 included, and reports what was clamped', async () => {
    const payload = join(folder, 'pop.json')
    writeFileSync(
      payload,
      '{"id":"x","model":"pocket-sd15","payload":{"prompt":"a green star ### blurry","seed":"ignored","n_iter":2,"ddim_steps":4,"width":65,"height":128,"cfg_scale":1000}}'.replace(
        '"ignored"',
        '9223372036854775807',
      ),
    )
    const { exitCode, stdout } = await cli(['generate', '--payload', payload, '-o', join(folder, 'pop.webp'), '--json'])
    expect(exitCode).toBe(0)
    const report = JSON.parse(stdout)
    expect(report.seed).toBe('9223372036854775807')
    expect(report.images.map(({ width, height }: { width: number; height: number }) => [width, height])).toEqual([
      [128, 128],
      [128, 128],
    ])
    expect(report.notes.map(({ field }: { field: string }) => field)).toEqual(
      expect.arrayContaining(['width', 'cfg_scale']),
    )
    expect((await sharp(join(folder, 'pop-2.webp')).metadata()).format).toBe('webp')
  })

  it('draws with a LoRA of a folder and from a picture', async () => {
    const { tensors } = await openCheckpoint(join(ROOT, 'fixtures/models/pocket/pocket-sd15.safetensors'))
    const layer = 'input_blocks_1_1_transformer_blocks_0_attn2_to_q'
    const [out = 0, inner = 0] =
      tensors.get('model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_q.weight')?.shape ?? []
    await writeSafetensors(join(folder, 'strong.safetensors'), {
      [`lora_unet_${layer}.lora_up.weight`]: { dtype: 'F32', ...filled([out, 2], 1) },
      [`lora_unet_${layer}.lora_down.weight`]: { dtype: 'F32', ...filled([2, inner], 2) },
    })
    const common = ['generate', 'a red circle', '--seed', '7', '--steps', '2', '--json', '--source', circle]
    const draw = async (...args: string[]) => {
      const { stdout } = await cli([...common, '-o', join(folder, 'lora.png'), ...args])
      const { images, plan } = JSON.parse(stdout)
      return { sha256: images[0].sha256, loras: plan.loras.length, start: plan.passes[0].start }
    }
    const plain = await draw()
    const adapted = await draw('--adapters', folder, '--lora', 'strong:0.7')
    expect([plain.loras, plain.start, adapted.loras, adapted.start]).toEqual([0, 'source', 1, 'source'])
    expect(adapted.sha256).not.toBe(plain.sha256)
  })

  it('prints where the time went', async () => {
    const { stdout } = await cli(['generate', 'a red circle', '--steps', '2', '--timings', '-o', join(folder, 't.png')])
    for (const phase of ['load', 'encode', 'inside ONNX Runtime', 'outside', 'decode']) expect(stdout).toContain(phase)
  })

  it.each([
    [['generate'], 4, /nothing to draw/],
    [['generate', 'x', '--stepz', '3'], 4, /unknown option --stepz/],
    [['generate', 'x', '--steps', 'many'], 4, /--steps must be a whole number from 1 to 500, got "many"/],
    [['generate', 'x', '-o', 'x.bmp'], 4, /must end in .png or .webp/],
    [['generate', '--payload', 'no-such.json'], 4, /cannot read the file of --payload, no-such.json/],
    [['generate', 'x', '--model', 'pocket'], 7, /pocket-sd15/],
    [['generate', 'x', '--adapters', 'no-such'], 4, /--adapters: there is no folder no-such/],
    [['generate', 'x', '--adapters', 'docs', '--lora', 'a'], 4, /there is no LoRA "a" in the folders of --adapters/],
    [['generate', 'x', '--vae', 'package.json'], 7, /package\.json: is neither safetensors nor a PyTorch file/],
    [['generate', 'x', '--steps', '1', '-o', 'package.json/x.png'], 5, /cannot write package.json\/x.png \(E/],
    [['genrate', 'x'], 4, /unknown command "genrate"/],
  ] as const)('answers %j with exit code %i and one message', async (args, code, message) => {
    const { exitCode, stderr } = await cli([...args])
    expect(stderr).toMatch(message)
    expect(exitCode).toBe(code)
  })

  it.each([
    ['{"prompt": ', /JSON/],
    ['[1, 2]', /object/],
    ['', /JSON/],
  ])('refuses a payload that is none: %j', async (text, message) => {
    const payload = join(folder, 'bad.json')
    writeFileSync(payload, text)
    const { exitCode, stderr } = await cli(['generate', '--payload', payload])
    expect(stderr).toMatch(message)
    expect(exitCode).toBe(4)
  })

  it('explains itself, with examples', async () => {
    const { stdout, exitCode } = await cli(['generate', '--help'])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('EXAMPLES')
    expect((await cli([])).stdout).toContain('Usage: horde-onnx COMMAND')
    expect((await cli(['--version'])).stdout).toBe(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version)
  })
})
