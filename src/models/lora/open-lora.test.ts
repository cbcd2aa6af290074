import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Checkpoint, openCheckpoint } from '../checkpoint.js'
import { detectModel } from '../detect.js'
import type { ModelFacts } from '../facts.js'
import { type TensorToWrite, writeSafetensors } from '../files/safetensors.js'
import { openLora } from './open-lora.js'

const POCKET = 'fixtures/models/pocket/pocket-sd15.safetensors'
const MODELS = '../shared/reference/models'
const folder = mkdtempSync(join(tmpdir(), 'horde-onnx-open-lora-'))
const file = join(folder, 'lora.safetensors')
let base: Checkpoint
let facts: ModelFacts

beforeAll(async () => {
  base = await openCheckpoint(POCKET)
  facts = await detectModel(base)
})
afterAll(() => rmSync(folder, { recursive: true }))

const zeros = (...shape: number[]): TensorToWrite => ({
  dtype: 'F32',
  shape,
  data: new Float32Array(shape.reduce((product, dim) => product * dim, 1)),
})

async function open(tensors: Record<string, TensorToWrite>) {
  await writeSafetensors(file, tensors)
  return openLora(file, base, facts)
}

const QUERY = 'model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q.weight'
const OUT = 'model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_out.0.weight'
const CONV = 'model.diffusion_model.output_blocks.2.1.conv.weight'
const TEXT = 'cond_stage_model.transformer.text_model.encoder.layers.2.mlp.fc1.weight'
const DOWN = 'down_blocks.0.attentions.0.transformer_blocks.0.attn1'

describe('names of modules in LoRA files', () => {
  // Names as kohya's sd-scripts, diffusers, PEFT and SimpleTuner write them, and the weights they mean in ldm's layout.
  it.each([
    ['lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q.lora_up.weight', '.lora_down.weight', QUERY],
    ['lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q.lora_up.weight', '.lora_down.weight', QUERY],
    ['lycoris_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q.lora_up.weight', '.lora_down.weight', QUERY],
    [`unet.${DOWN}.processor.to_q_lora.up.weight`, '_lora.down.weight', QUERY],
    [`${DOWN}.processor.to_q_lora.up.weight`, '_lora.down.weight', QUERY],
    [`unet.${DOWN}.processor.to_out_lora.up.weight`, '_lora.down.weight', OUT],
    [`unet.${DOWN}.processor.to_q.lora_B.weight`, '.lora_A.weight', QUERY],
    [
      `diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q.lora_B.default.weight`,
      '.lora_A.default.weight',
      QUERY,
    ],
    ['lora_unet_up_blocks_0_upsamplers_0_conv.lora_up.weight', '.lora_down.weight', CONV],
    ['lora_te_text_model_encoder_layers_2_mlp_fc1.lora_up.weight', '.lora_down.weight', TEXT],
    ['lora_te1_text_model_encoder_layers_2_mlp_fc1.lora_up.weight', '.lora_down.weight', TEXT],
    [
      'text_encoder.text_model.encoder.layers.2.mlp.fc1.lora_linear_layer.up.weight',
      '.lora_linear_layer.down.weight',
      TEXT,
    ],
  ])('%s changes its weight', async (up, down, key) => {
    const [out = 0, ...rest] = base.tensors.get(key)?.shape ?? []
    const name = up.slice(0, up.length - down.replace('down', 'up').replace('_A', '_B').length)
    const { modules, unknownKeys } = await open({ [up]: zeros(out, 2), [name + down]: zeros(2, ...rest) })
    expect(modules.map(module => module.target.key)).toEqual([key])
    expect(unknownKeys).toEqual([])
  })

  it('that ComfyUI does not know have no effect and are reported', async () => {
    const { modules, unknownKeys } = await open({
      'lora_te_text_model_encoder_layers_2_mlp_fc1.diff': zeros(512, 128),
      [`unet.${DOWN}.to_q.lora_A.weight`]: zeros(2, 64),
      'lora_te_text_model_encoder_layers_9_mlp_fc1.diff': zeros(512, 128),
    })
    expect(modules).toHaveLength(1)
    expect(unknownKeys).toEqual([`unet.${DOWN}.to_q.lora_A.weight`, 'lora_te_text_model_encoder_layers_9_mlp_fc1.diff'])
  })

  it('change weight and bias apart', async () => {
    const { modules } = await open({
      'lora_te_text_model_encoder_layers_2_mlp_fc1.diff': zeros(512, 128),
      'lora_te_text_model_encoder_layers_2_mlp_fc1.diff_b': zeros(512),
    })
    expect(modules.map(module => module.target.key)).toEqual([TEXT, TEXT.replace('weight', 'bias')])
  })
})

describe('a LoRA file', () => {
  it.each<[string, Record<string, TensorToWrite>, string, RegExp]>([
    [
      'of another width',
      { 'lora_te_text_model_encoder_layers_0_mlp_fc1.diff': zeros(3072, 768) },
      'model-file',
      /changes 2359296 values, but .* has 65536 .* made for another model/,
    ],
    [
      'of another family',
      { 'transformer.single_blocks.0.lora_A.weight': zeros(2, 2) },
      'model-file',
      /none of its tensors belongs to this model; it has transformer\.single_blocks/,
    ],
    [
      'whose factors do not fit each other',
      {
        'lora_te_text_model_encoder_layers_0_mlp_fc1.lora_up.weight': zeros(512, 4),
        'lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight': zeros(2, 128),
      },
      'model-file',
      /changes NaN values/,
    ],
    [
      'with half a pair',
      { 'lora_te_text_model_encoder_layers_0_mlp_fc1.lora_up.weight': zeros(512, 4) },
      'model-file',
      /has no tensor "lora_te_.*lora_down\.weight", the other half/,
    ],
    ['of the layout OFT', { 'lora_unet_x.oft_blocks': zeros(2, 2) }, 'unsupported', /layout OFT/],
  ])('%s is refused', async (_, tensors, code, message) => {
    const failure = await open(tensors).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code })
    expect(String(failure)).toMatch(message)
  })
})

describe.skipIf(!existsSync(MODELS))(`adapters of the reference pack (needs ${MODELS})`, () => {
  it.each([
    ['lora', 37, 0],
    ['locon', 44, 0],
    ['loha', 44, 0],
    ['lokr', 31, 0],
    ['dora', 29, 0],
    ['full', 16, 0],
    // 12 attention projections without `processor` in their names: ComfyUI leaves them out, and so does its reference.
    ['peft', 16, 24],
    ['diffusers', 16, 24],
  ])('%s: %i modules, %i unknown tensors', async (name, modules, unknown) => {
    const lora = await openLora(`${MODELS}/pocket-adapter-${name}.safetensors`, base, facts)
    expect([lora.modules.length, lora.unknownKeys.length]).toEqual([modules, unknown])
  })
})
