import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Checkpoint, openCheckpoint, type TensorEntry } from './checkpoint.js'
import { detectModel } from './detect.js'
import { type TensorToWrite, writeSafetensors } from './files/safetensors.js'

type Shapes = Record<string, readonly number[]>

/** A checkpoint of names and shapes alone. */
function checkpointOf(shapes: Shapes): Checkpoint {
  const tensors = new Map<string, TensorEntry>()
  for (const [name, shape] of Object.entries(shapes)) {
    tensors.set(name, { name, shape, dtype: 'F16', file: 'model.safetensors', offset: 0, length: 0 })
  }
  return { file: 'model.safetensors', tensors, metadata: {} }
}

const U = 'model.diffusion_model.'

const VAE: Shapes = {
  'first_stage_model.decoder.conv_in.weight': [512, 4, 3, 3],
  'first_stage_model.encoder.conv_in.weight': [128, 3, 3, 3],
}

/** Shapes as published: Rombach et al. 2022 (SD1), Podell et al. 2023 (SDXL) and their configuration files. */
function unet({ inputs = 4, channels = 320, context = 768, linear = false, adm = 0 }): Shapes {
  return {
    [`${U}input_blocks.0.0.weight`]: [channels, inputs, 3, 3],
    [`${U}input_blocks.4.1.proj_in.weight`]: linear ? [channels, channels] : [channels, channels, 1, 1],
    [`${U}input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight`]: [channels, context],
    [`${U}out.2.weight`]: [4, channels, 3, 3],
    ...(adm > 0 ? { [`${U}label_emb.0.0.weight`]: [4 * channels, adm] } : {}),
    ...VAE,
  }
}

const clip = (prefix: string, width: number): Shapes => ({
  [`${prefix}text_model.embeddings.token_embedding.weight`]: [49408, width],
  [`${prefix}text_model.encoder.layers.0.mlp.fc1.weight`]: [4 * width, width],
  [`${prefix}text_model.encoder.layers.11.mlp.fc1.weight`]: [4 * width, width],
})

const openClip = (prefix: string, width: number): Shapes => ({
  [`${prefix}token_embedding.weight`]: [49408, width],
  [`${prefix}text_projection`]: [width, width],
  [`${prefix}transformer.resblocks.0.ln_1.weight`]: [width],
})

const SD1 = { ...unet({}), ...clip('cond_stage_model.transformer.', 768) }
const SD2 = { ...unet({ context: 1024, linear: true }), ...openClip('cond_stage_model.model.', 1024) }
const SDXL = {
  ...unet({ context: 2048, linear: true, adm: 2816 }),
  ...clip('conditioner.embedders.0.transformer.', 768),
  ...openClip('conditioner.embedders.1.model.', 1280),
}
const REFINER = {
  ...unet({ channels: 384, context: 1280, linear: true, adm: 2560 }),
  ...openClip('conditioner.embedders.0.model.', 1280),
}

describe('the family of a checkpoint', () => {
  it.each([
    ['SD1', SD1, { family: 'sd1', unet: { heads: { count: 8 } }, vae: { scaleFactor: 0.18215 } }],
    ['SD2', SD2, { family: 'sd2', unet: { heads: { channels: 64 } }, vae: { scaleFactor: 0.18215 } }],
    [
      'SDXL',
      SDXL,
      { family: 'sdxl', unet: { heads: { channels: 64 }, admChannels: 2816 }, vae: { scaleFactor: 0.13025 } },
    ],
    ['the refiner', REFINER, { family: 'sdxl-refiner', unet: { modelChannels: 384 }, vae: { scaleFactor: 0.13025 } }],
    ['SD1 inpainting', { ...SD1, ...unet({ inputs: 9 }) }, { family: 'sd1', unet: { inChannels: 9 } }],
    ['instruct-pix2pix', { ...SD1, ...unet({ inputs: 8 }) }, { family: 'sd1', unet: { inChannels: 8 } }],
  ])('%s is told by its shapes', async (_, shapes, facts) => {
    expect(await detectModel(checkpointOf(shapes))).toMatchObject(facts)
  })

  it('SDXL has CLIP-L without and OpenCLIP-G with a projection', async () => {
    const { textEncoders } = await detectModel(checkpointOf(SDXL))
    expect(textEncoders).toMatchObject([
      {
        kind: 'clip-l',
        layout: 'clip',
        heads: 12,
        layers: 2,
        activation: 'quick_gelu',
        padToken: 49407,
        hasProjection: false,
      },
      { kind: 'clip-g', layout: 'open-clip', heads: 20, activation: 'gelu', padToken: 0, hasProjection: true },
    ])
  })

  it.each<[string, Shapes, RegExp]>([
    ['a ControlNet', { 'control_model.input_blocks.0.0.weight': [320, 4, 3, 3] }, /is a ControlNet, not a checkpoint/],
    ['a LoRA', { 'lora_unet_x.lora_up.weight': [4, 4] }, /is a LoRA, not a checkpoint/],
    ['a VAE', VAE, /is a VAE, not a checkpoint/],
    ['a UNet alone', unet({}), /has no text encoder; looked for cond_stage_model\.transformer\./],
    [
      'a checkpoint without VAE',
      Object.fromEntries(Object.entries(SD1).filter(([name]) => !name.startsWith('first'))),
      /has no VAE under "first_stage_model\.": its decoder is missing/,
    ],
    ['an SD2 depth model', { ...SD2, [`${U}input_blocks.0.0.weight`]: [320, 5, 3, 3] }, /its UNet takes 5 channels/],
    [
      'SD1 with the text encoder of SD2',
      { ...SD1, ...unet({ context: 1024 }) },
      /expects embeddings of 1024, its text encoders \(clip-l\) give 768/,
    ],
    ['Flux', { [`${U}double_blocks.0.img_attn.proj.weight`]: [3072, 3072] }, /is a transformer model/],
    ['scaled fp8', { ...SD1, [`${U}out.2.scale_weight`]: [] }, /has fp8 weights with scales/],
    [
      'SDXL with other size conditioning',
      { ...SDXL, [`${U}label_emb.0.0.weight`]: [1280, 2560] },
      /has 2560 channels, expected 2816/,
    ],
    [
      'weights of something else',
      { 'bert.encoder.weight': [3] },
      /has no UNet under "model\.diffusion_model\."; it begins with bert\.encoder\.weight/,
    ],
    ['an empty file', {}, /has no UNet under "model\.diffusion_model\."$/],
  ])('%s is refused with what was found', async (_, shapes, message) => {
    const failure = await detectModel(checkpointOf(shapes)).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'model-file' })
    expect(String(failure)).toMatch(message)
  })
})

describe('what a model predicts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'horde-onnx-detect-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it.each([
    [[], { prediction: 'eps', zeroTerminalSnr: false }],
    [['v_pred'], { prediction: 'v', zeroTerminalSnr: false }],
    [['v_pred', 'ztsnr'], { prediction: 'v', zeroTerminalSnr: true }],
    [['ztsnr'], { prediction: 'eps', zeroTerminalSnr: false }],
  ])('is told by the marker keys %j of SDXL', async (keys, sampling) => {
    const marked = { ...SDXL, ...Object.fromEntries(keys.map(key => [key, [0]])) }
    expect((await detectModel(checkpointOf(marked))).sampling).toEqual(sampling)
    expect((await detectModel(checkpointOf(SDXL), { extraKeys: keys })).sampling).toEqual(sampling)
  })

  it('is not changed by marker keys in other families', async () => {
    expect((await detectModel(checkpointOf(SD1), { extraKeys: ['v_pred'] })).sampling.prediction).toBe('eps')
    expect((await detectModel(checkpointOf(REFINER), { extraKeys: ['v_pred'] })).sampling.prediction).toBe('eps')
  })

  /** Writes the checkpoint with real values for some tensors; the others are there by name only. */
  async function withValues(shapes: Shapes, values: Record<string, Float32Array>): Promise<Checkpoint> {
    const file = join(folder, 'values.safetensors')
    const tensors: Record<string, TensorToWrite> = {}
    for (const [name, data] of Object.entries(values)) tensors[name] = { dtype: 'F32', shape: [data.length], data }
    await writeSafetensors(file, tensors)
    const real = await openCheckpoint(file)
    return { ...real, tensors: new Map([...checkpointOf(shapes).tensors, ...real.tensors]) }
  }

  it('is the noise under EDM in Playground 2.5, whose latents are normalized', async () => {
    const { sampling, vae } = await detectModel(
      checkpointOf({ ...SDXL, edm_mean: [1, 4, 1, 1], edm_std: [1, 4, 1, 1] }),
    )
    expect(sampling).toMatchObject({ prediction: 'edm-eps', edm: { sigmaMin: 0.002, sigmaMax: 80, sigmaData: 0.5 } })
    expect(vae).toMatchObject({ scaleFactor: 0.5, normalized: { mean: [-1.6574, 1.886, -1.383, 2.5155] } })
  })

  it('comes with a range of sigmas in EDM models', async () => {
    const edm = { 'edm_vpred.sigma_max': Float32Array.of(80), 'edm_vpred.sigma_min': Float32Array.of(0.5) }
    expect((await detectModel(await withValues(SDXL, edm))).sampling).toEqual({
      prediction: 'edm-v',
      zeroTerminalSnr: false,
      edm: { sigmaMin: 0.5, sigmaMax: 80, sigmaData: 1 },
    })
  })

  it.each([
    [Float32Array.of(0.1, -0.1), 4, 'v'],
    [Float32Array.of(0.08, -0.08), 4, 'eps'],
    // The spread counts, not the size.
    [Float32Array.of(5.08, 4.92), 4, 'eps'],
    [Float32Array.of(0.1, -0.1), 9, 'eps'],
  ])('is told by the spread of one bias in SD2 (%j, %i channels)', async (bias, inputs, prediction) => {
    const name = `${U}output_blocks.11.1.transformer_blocks.0.norm1.bias`
    const shapes = { ...SD2, ...unet({ context: 1024, linear: true, inputs }) }
    expect((await detectModel(await withValues(shapes, { [name]: bias }))).sampling.prediction).toBe(prediction)
  })
})

const MODELS = '../shared/reference/models'
const POCKET = '../shared/pocket'

describe.skipIf(!existsSync(MODELS))(`models of the reference pack (needs ${MODELS})`, () => {
  it.each([
    [`${POCKET}/pocket-sd15`, 'sd1', 4, 'eps', [128]],
    [`${POCKET}/pocket-sd15-inpainting`, 'sd1', 9, 'eps', [128]],
    [`${MODELS}/tiny-sd15-ip2p`, 'sd1', 8, 'eps', [64]],
    [`${MODELS}/tiny-sd2-v`, 'sd2', 4, 'v', [96]],
    [`${MODELS}/tiny-sdxl`, 'sdxl', 4, 'eps', [64, 96]],
    [`${MODELS}/tiny-sdxl-refiner`, 'sdxl-refiner', 4, 'eps', [96]],
  ])('%s is %s', async (file, family, inChannels, prediction, widths) => {
    const facts = await detectModel(await openCheckpoint(`${file}.safetensors`))
    expect(facts).toMatchObject({ family, unet: { inChannels }, sampling: { prediction } })
    expect(facts.textEncoders.map(({ width }) => width)).toEqual(widths)
  })
})

describe('an old SD1 checkpoint', () => {
  it('without `text_model.` in its keys is read as if it had it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'horde-onnx-old-'))
    const file = join(folder, 'old.safetensors')
    const data = Float32Array.of(1)
    await writeSafetensors(file, {
      'cond_stage_model.transformer.embeddings.token_embedding.weight': { dtype: 'F32', shape: [1, 1], data },
      'cond_stage_model.transformer.text_projection.weight': { dtype: 'F32', shape: [1, 1], data },
    })
    const { tensors } = await openCheckpoint(file)
    expect([...tensors.values()].map(({ name }) => name)).toEqual([
      'cond_stage_model.transformer.text_model.embeddings.token_embedding.weight',
      'cond_stage_model.transformer.text_projection.weight',
    ])
    rmSync(folder, { recursive: true })
  })
})
