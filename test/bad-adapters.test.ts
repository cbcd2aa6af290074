/** Adapters and pictures that cannot be used, between good jobs in one engine: each is a fault of its job alone. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createEngine, type Engine, type GenerateRequest, type Generation } from 'horde-onnx'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TensorToWrite, writeSafetensors } from '../src/models/files/safetensors.js'
import { temporaryFolder } from './support/cli.js'
import { filled } from './support/run-graph.js'

const folder = temporaryFolder('bad-adapters')
const executed = join(folder, 'executed')
const UNET = 'lora_unet_input_blocks_1_1_transformer_blocks_0_attn2_to_q'

const tensor = (shape: readonly number[], seed = 1): TensorToWrite => ({ dtype: 'F32', ...filled(shape, seed) })
const factors = (name: string, out: number, inner: number) => ({
  [`${name}.lora_up.weight`]: tensor([out, 2]),
  [`${name}.lora_down.weight`]: tensor([2, inner], 2),
})

/** A PyTorch file whose pickle calls `os.system` when a careless reader loads it. */
function pickleThatExecutes(): Buffer {
  const command = Buffer.from(`touch ${executed}`)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(command.length)
  return Buffer.concat([
    Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex'), // torch's magic number
    Buffer.from('80024de9032e', 'hex'), // protocol 1001
    Buffer.from('\x80\x02}X\x0d\x00\x00\x00little_endian\x88s.', 'latin1'),
    Buffer.from('\x80\x02cposix\nsystem\nX', 'latin1'),
    length,
    command,
    Buffer.from('\x85R.', 'latin1'),
  ])
}

/** A PNG that says it is this large and has no pixels. */
async function pngOfSize(width: number, height: number): Promise<Buffer> {
  const file = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
    .png()
    .toBuffer()
  file.writeUInt32BE(width, 16)
  file.writeUInt32BE(height, 20)
  return file
}

const PAYLOAD = { prompt: 'a red circle', seed: 7, ddim_steps: 2, width: 64, height: 64, karras: true }

const request = (more: Record<string, unknown> = {}, beside: Record<string, unknown> = {}): GenerateRequest => ({
  model: 'pocket-sd15',
  payload: { ...PAYLOAD, ...more },
  ...beside,
})
const lora = (name: string) => request({ loras: [{ name, model: 1, clip: 1 }] })
const source = (bytes: Buffer, more: Record<string, unknown> = {}) =>
  request(
    { denoising_strength: 0.6 },
    { source_image: bytes.toString('base64'), source_processing: 'img2img', ...more },
  )

let engine: Engine
let bad: Record<string, { request: GenerateRequest; message: RegExp }>
let good: Record<string, GenerateRequest>

beforeAll(async () => {
  await writeSafetensors(join(folder, 'for-sdxl.safetensors'), {
    ...factors('lora_unet_output_blocks_0_1_transformer_blocks_9_attn1_to_k', 1280, 1280),
    ...factors('lora_te2_text_model_encoder_layers_31_mlp_fc1', 5120, 1280),
  })
  await writeSafetensors(join(folder, 'of-another-width.safetensors'), factors(UNET, 320, 320))
  await writeSafetensors(join(folder, 'half-unknown.safetensors'), {
    ...factors(UNET, 64, 64),
    ...factors('lora_unet_of_something_else', 64, 64),
  })
  await writeSafetensors(join(folder, 'wide.safetensors'), { emb_params: tensor([2, 768]) })
  await writeSafetensors(join(folder, 'control-canny.safetensors'), {
    'control_model.zero_convs.0.0.weight': tensor([320, 320, 1, 1]),
    'control_model.input_blocks.0.0.weight': tensor([320, 4, 3, 3]),
    'control_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight': tensor([320, 768]),
  })
  writeFileSync(join(folder, 'wicked.pt'), pickleThatExecutes())
  writeFileSync(join(folder, 'cut.safetensors'), Buffer.from('\x40\x00\x00\x00\x00\x00\x00\x00{"a":', 'latin1'))

  const square = (size: number) => sharp({ create: { width: size, height: size, channels: 3, background: 'blue' } })
  const whole = await sharp(Buffer.from(filled([64 * 64 * 3]).data.map(v => 128 + 100 * v)).subarray(0, 64 * 64 * 3), {
    raw: { width: 64, height: 64, channels: 3 },
  })
    .png()
    .toBuffer()
  const mask = await square(24).png().toBuffer()
  const frames = await sharp(
    Buffer.concat([await square(16).raw().toBuffer(), await square(16).negate().raw().toBuffer()]),
    { raw: { width: 16, height: 32, channels: 3, pageHeight: 16 } },
  )
    .gif({ loop: 0, delay: [10, 10] })
    .toBuffer()

  bad = {
    'a LoRA of another architecture': {
      request: lora('for-sdxl'),
      message: /for-sdxl\.safetensors: none of its tensors belongs to this model/,
    },
    'a LoRA of another width': {
      request: lora('of-another-width'),
      message: /of-another-width\.safetensors: module .* changes 102400 values, but .* made for another model/,
    },
    'a LoRA of which half is unknown': {
      request: lora('half-unknown'),
      message: /half-unknown\.safetensors: only 2 of/,
    },
    'a LoRA that is cut': { request: lora('cut'), message: /cut\.safetensors: claims a header of 64 bytes/ },
    'an embedding of the wrong width': {
      request: request({ prompt: 'a circle, (embedding:wide:1.0)' }),
      message: /wide\.safetensors: has no vectors of width 128 \(clip-l\); it has "emb_params" \[2, 768\]/,
    },
    'a pickle that executes': {
      request: request({ prompt: 'a circle, (embedding:wicked:1.0)' }),
      message: /wicked\.pt: .*posix/,
    },
    'a ControlNet of another family': {
      request: request({ control_type: 'canny' }, { source_image: whole.toString('base64') }),
      message: /control-canny\.safetensors: is made for a UNet of 320 channels/,
    },
    'a picture of 100 megapixels': {
      request: source(await pngOfSize(10_000, 10_000)),
      message: /payload\.source_image: the picture has 10000×10000 pixels, the limit is 89478485/,
    },
    'a picture of no pixels': {
      request: source(await pngOfSize(0, 0)),
      message: /payload\.source_image: .* 0 pixels/,
    },
    'a truncated picture': {
      request: source(whole.subarray(0, whole.length >> 1)),
      message: /payload\.source_image/,
    },
    'a truncated mask': {
      request: source(whole, { source_mask: whole.subarray(0, whole.length >> 1).toString('base64') }),
      message: /payload\.source_mask/,
    },
  }
  good = {
    'the plain prompt': request(),
    'an animation, of which the first frame counts': source(frames),
    'a mask of another size, which is resized': source(whole, { source_mask: mask.toString('base64') }),
  }
  engine = await createEngine({ adapterFolders: [folder], retries: 0 })
})
afterAll(() => engine.close())

describe('bad adapters and pictures between good jobs', () => {
  it('are faults of their jobs alone that name the file and what was expected; the lane goes on', async () => {
    const before = await engine.generate(request())
    const jobs = [
      ...Object.entries(bad).map(([name, { request }]) => [name, request] as const),
      ...Object.entries(good),
    ]
    const done = await Promise.all(jobs.map(async ([name, one]) => [name, await engine.generate(one)] as const))
    const results = new Map<string, Generation>(done)

    for (const [name, { message }] of Object.entries(bad)) {
      const { state, faults, images } = results.get(name) ?? {}
      expect.soft([name, state, images?.length, faults?.length]).toEqual([name, 'fault', 0, 1])
      expect.soft(faults?.[0]?.message, name).toMatch(message)
      expect.soft(['model-file', 'image'], name).toContain(faults?.[0]?.code)
    }
    for (const name of Object.keys(good)) expect([name, results.get(name)?.faults]).toEqual([name, []])
    expect(results.get('the plain prompt')?.images[0]?.sha256).toBe(before.images[0]?.sha256)
    expect([...results.values()].every(({ retries }) => retries === 0)).toBe(true)
    expect(existsSync(executed)).toBe(false)
  }, 120_000)
})
