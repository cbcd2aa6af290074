import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { filled, relativeError, runGraph } from '../../test/support/run-graph.js'
import { buildVaeDecoder, buildVaeEncoder } from '../networks/index.js'
import { openCheckpoint, readFloats, readTensor } from './checkpoint.js'
import { detectModel } from './detect.js'
import type { ModelFacts } from './facts.js'
import { toFloats } from './files/dtype.js'
import { type TensorToWrite, writeSafetensors } from './files/safetensors.js'
import { openVae } from './vae-file.js'

const POCKET = 'fixtures/models/pocket/pocket-sd15.safetensors'
const folder = mkdtempSync(join(tmpdir(), 'horde-onnx-vae-file-'))
afterAll(() => rmSync(folder, { recursive: true }))

const checkpointFile = existsSync(POCKET) ? POCKET : '../shared/pocket/pocket-sd15.safetensors'

/** diffusers' name of a tensor that ldm has: its `AutoencoderKL` of four levels. */
function diffusersName(name: string): string {
  return name
    .replace(/^(encoder)\.down\.(\d)\.block\.(\d)/, '$1.down_blocks.$2.resnets.$3')
    .replace(/^(encoder)\.down\.(\d)\.downsample\.conv/, '$1.down_blocks.$2.downsamplers.0.conv')
    .replace(/^decoder\.up\.(\d)\.block\.(\d)/, (_, level, block) => `decoder.up_blocks.${3 - level}.resnets.${block}`)
    .replace(/^decoder\.up\.(\d)\.upsample\.conv/, (_, level) => `decoder.up_blocks.${3 - level}.upsamplers.0.conv`)
    .replace(/\.mid\.block_([12])\./, (_, block) => `.mid_block.resnets.${block - 1}.`)
    .replace('.mid.attn_1.norm.', '.mid_block.attentions.0.group_norm.')
    .replace(/\.mid\.attn_1\.([qkv])\./, '.mid_block.attentions.0.to_$1.')
    .replace('.mid.attn_1.proj_out.', '.mid_block.attentions.0.to_out.0.')
    .replace('nin_shortcut', 'conv_shortcut')
    .replace('norm_out', 'conv_norm_out')
}

const bytesOf = (data: ArrayBufferView) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

let ldm: Record<string, TensorToWrite>
/** The same as the checkpoint has them: bits of half floats. */
let halves: (readonly [name: string, shape: readonly number[], bits: Uint16Array])[]
let facts: ModelFacts

beforeAll(async () => {
  const checkpoint = await openCheckpoint(checkpointFile)
  facts = await detectModel(checkpoint)
  const own = [...checkpoint.tensors.values()].filter(({ name }) => name.startsWith('first_stage_model.'))
  ldm = Object.fromEntries(
    await Promise.all(
      own.map(async entry => {
        const tensor: TensorToWrite = { dtype: 'F32', shape: entry.shape, data: await readFloats(entry) }
        return [entry.name.slice('first_stage_model.'.length), tensor] as const
      }),
    ),
  )
})

beforeAll(async () => {
  const { tensors } = await openCheckpoint(checkpointFile)
  const own = [...tensors.values()].filter(({ name }) => name.startsWith('first_stage_model.'))
  halves = await Promise.all(
    own.map(async entry => {
      const bits = await readTensor(entry)
      if (!(bits instanceof Uint16Array)) throw new Error('the pocket model is of half floats')
      return [entry.name.slice('first_stage_model.'.length), entry.shape, bits] as const
    }),
  )
})

async function written(name: string, rename: (name: string) => string): Promise<string> {
  const file = join(folder, `${name}.safetensors`)
  const renamed = Object.entries(ldm).map(([name, tensor]) => [rename(name), tensor] as const)
  await writeSafetensors(file, Object.fromEntries(renamed))
  return file
}

/** What is encoded and decoded with a VAE's file, or with the checkpoint's own VAE. */
async function drawnWith(file?: string) {
  const checkpoint = file === undefined ? await openCheckpoint(checkpointFile) : await openVae(file)
  const own = file === undefined ? facts : { ...facts, vae: { ...facts.vae, prefix: '' } }
  const { latent } = await runGraph(buildVaeEncoder(checkpoint, own), { image: filled([1, 3, 32, 24]) })
  const { image } = await runGraph(buildVaeDecoder(checkpoint, own), { latent: filled([1, 4, 4, 3]) })
  if (latent === undefined || image === undefined) throw new Error('the VAE gave nothing')
  return Float32Array.of(...latent.data, ...image.data)
}

describe("a VAE's own file", () => {
  it.each([
    ['without a prefix', (name: string) => name],
    ['as part of a checkpoint', (name: string) => `first_stage_model.${name}`],
    ['with the names of diffusers', diffusersName],
  ])('%s draws what the VAE of the checkpoint draws', async (name, rename) => {
    expect(relativeError(await drawnWith(await written(name, rename)), await drawnWith())).toBe(0)
  })

  it.each([
    ['F16', (half: Uint16Array) => half],
    [
      'BF16',
      (half: Uint16Array) => new Uint16Array(toFloats('F16', bytesOf(half)).buffer).filter((_, i) => i % 2 === 1),
    ],
    ['F8_E5M2', (half: Uint16Array) => Uint8Array.from(half, bits => bits >> 8)],
  ] as const)('of %s draws what its values draw as fp32', async (dtype, from) => {
    const small = halves.map(([name, shape, bits]): [string, TensorToWrite] => [
      name,
      { dtype, shape, data: from(bits) },
    ])
    const large = small.map(([name, { shape, data }]): [string, TensorToWrite] => [
      name,
      { dtype: 'F32', shape, data: toFloats(dtype, bytesOf(data)) },
    ])
    const [file, same] = [join(folder, `${dtype}.safetensors`), join(folder, `${dtype}-as-fp32.safetensors`)]
    await writeSafetensors(file, Object.fromEntries(small))
    await writeSafetensors(same, Object.fromEntries(large))
    expect(relativeError(await drawnWith(file), await drawnWith(same))).toBeLessThan(1e-6)
  })

  it('whose attention has the matrices of diffusers instead of convolutions is the same', async () => {
    const file = join(folder, 'matrices.safetensors')
    const flat = Object.entries(ldm).map(([name, tensor]) => {
      const attention = /attn_1\.(q|k|v|proj_out)\.weight$/.test(name)
      return [diffusersName(name), attention ? { ...tensor, shape: tensor.shape.slice(0, 2) } : tensor] as const
    })
    await writeSafetensors(file, Object.fromEntries(flat))
    expect(relativeError(await drawnWith(file), await drawnWith())).toBe(0)
  })

  it.each([
    [
      'of 16 latent channels',
      { 'decoder.conv_in.weight': [8, 16, 3, 3] },
      /is a VAE of 16 latent channels, expected 4/,
    ],
    ['of one half', { 'decoder.conv_in.weight': [8, 4, 3, 3] }, /has no VAE: its encoder is missing/],
    ['that is TAESD', { '1.weight': [64, 4, 3, 3], '3.conv.0.weight': [64, 64, 3, 3] }, /an approximation of one/],
    ['that is something else', { 'lora_unet_x.lora_up.weight': [4, 4] }, /is no VAE: .* it begins with lora_unet_x/],
  ])('%s is refused with what was found', async (name, shapes, message) => {
    const file = join(folder, `${name.replaceAll(' ', '-')}.safetensors`)
    const size = (shape: readonly number[]) => shape.reduce((all, dim) => all * dim, 1)
    const other: Record<string, readonly number[]> = /16/.test(name) ? { 'encoder.conv_in.weight': [8, 3, 3, 3] } : {}
    const tensors = Object.entries({ ...shapes, ...other }).map(([name, shape]): [string, TensorToWrite] => [
      name,
      { dtype: 'F32', shape, data: new Float32Array(size(shape)) },
    ])
    await writeSafetensors(file, Object.fromEntries(tensors))
    const failure = await openVae(file).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'model-file' })
    expect(String(failure)).toMatch(message)
  })
})
