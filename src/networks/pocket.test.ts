import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Array32, type LoadedGraph, loadGraph, relativeError, runGraph } from '../../test/support/run-graph.js'
import { type Checkpoint, openCheckpoint, readRows, type TensorEntry } from '../models/checkpoint.js'
import { detectModel } from '../models/detect.js'
import type { ModelFacts, TextEncoderFacts } from '../models/facts.js'
import {
  buildTextEncoder,
  buildUnet,
  buildVaeDecoder,
  buildVaeEncoder,
  latentMultipleFor,
  tokenTable,
} from './index.js'

const POCKET = '../shared/pocket'
const missing = !existsSync(POCKET)

interface Index {
  tensors: Record<string, { file: string; dtype: 'float32' | 'int32'; shape: number[] }>
}

/** A tensor that PyTorch computed from the same weights. */
function reference(name: string): Array32 {
  const index: Index = JSON.parse(readFileSync(`${POCKET}/reference/index.json`, 'utf8'))
  const entry = index.tensors[name]
  if (entry === undefined) throw new Error(`no tensor ${name}`)
  const bytes = readFileSync(`${POCKET}/reference/${entry.file}`)
  const data = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
  return {
    shape: entry.shape,
    data: entry.dtype === 'float32' ? new Float32Array(data) : Float32Array.from(new Int32Array(data)),
  }
}

function error(ours: Array32 | undefined, name: string): number {
  const theirs = reference(name)
  expect(ours?.shape).toEqual(theirs.shape)
  return relativeError(ours?.data ?? new Float32Array(), theirs.data)
}

describe.skipIf(missing)(`networks on the pocket model (needs ${POCKET})`, () => {
  let checkpoint: Checkpoint
  let facts: ModelFacts
  let unet: LoadedGraph

  beforeAll(async () => {
    checkpoint = await openCheckpoint(`${POCKET}/pocket-sd15.safetensors`)
    facts = await detectModel(checkpoint)
    unet = await loadGraph(buildUnet(checkpoint, facts))
  })

  it.each(['empty', 'p0', 'p1', 'p2'])('the text encoder gives the context of prompt %s', async prompt => {
    const encoder = facts.textEncoders[0] as TextEncoderFacts
    const ids = [...reference(`${prompt}_ids`).data]
    const embeds = await readRows(tokenTable(checkpoint, encoder), ids)
    const outputs = await runGraph(buildTextEncoder(checkpoint, encoder), {
      embeds: { shape: [1, ids.length, encoder.width], data: embeds },
      eos: { shape: [1], data: BigInt64Array.of(BigInt(ids.indexOf(49407))) },
    })
    expect(error(outputs['hidden.1.norm'], `${prompt}_context`)).toBeLessThan(1e-5)
    expect(Object.keys(outputs)).toHaveLength(2 * encoder.layers + 1)
  })

  it.each([
    { latents: 'latents', context: 'p0_context', out: 'p0_unet_t500' },
    { latents: 'latents', context: 'p1_context', out: 'p1_unet_t500' },
    { latents: 'latents_24x16', context: 'p0_context', out: 'p0_unet_t500_24x16' },
  ])('the UNet predicts $out', async ({ latents, context, out }) => {
    const outputs = await unet.run({
      x: reference(latents),
      timesteps: { shape: [1], data: Float32Array.of(500) },
      context: reference(context),
    })
    expect(error(outputs.out, out)).toBeLessThan(1e-5)
  })

  it('the UNet treats the entries of a batch apart', async () => {
    const [x, a, b] = [reference('latents'), reference('p0_context'), reference('p2_context')]
    const outputs = await unet.run({
      x: { shape: [2, ...x.shape.slice(1)], data: Float32Array.of(...x.data, ...x.data) },
      timesteps: { shape: [2], data: Float32Array.of(500, 500) },
      context: { shape: [2, ...a.shape.slice(1)], data: Float32Array.of(...a.data, ...b.data) },
    })
    const size = x.data.length
    expect(relativeError((outputs.out as Array32).data.slice(0, size), reference('p0_unet_t500').data)).toBeLessThan(
      1e-5,
    )
    expect(relativeError((outputs.out as Array32).data.slice(size), reference('p2_unet_t500').data)).toBeLessThan(1e-5)
  })

  it('a UNet of nine channels takes mask and masked picture', async () => {
    const inpainting = await openCheckpoint(`${POCKET}/pocket-sd15-inpainting.safetensors`)
    const outputs = await runGraph(buildUnet(inpainting, await detectModel(inpainting)), {
      x: reference('inpaint_input9'),
      timesteps: { shape: [1], data: Float32Array.of(500) },
      context: reference('p0_context'),
    })
    expect(error(outputs.out, 'inpaint_p0_unet_t500')).toBeLessThan(1e-5)
  })

  it('a ControlNet steers the UNet as strongly as each entry of the batch says', async () => {
    const control = await openCheckpoint(`${POCKET}/pocket-control-canny.safetensors`)
    const [x, context, hint] = [reference('latents'), reference('p0_context'), reference('control_hint')]
    const twice = ({ shape: [, ...shape], data }: Array32) => ({
      shape: [2, ...shape],
      data: Float32Array.of(...data, ...data),
    })
    const outputs = await runGraph(buildUnet(checkpoint, facts, { control }), {
      x: twice(x),
      timesteps: { shape: [2], data: Float32Array.of(500, 500) },
      context: twice(context),
      hint: twice(hint),
      strength: { shape: [2], data: Float32Array.of(0, 1) },
    })
    const out = (outputs.out as Array32).data
    expect(relativeError(out.slice(0, x.data.length), reference('p0_unet_t500').data)).toBeLessThan(1e-5)
    expect(relativeError(out.slice(x.data.length), reference('control_p0_unet_t500').data)).toBeLessThan(1e-5)
  })

  it('a UNet and a ControlNet of latents in eights, whose upsamplings double, predict the same', async () => {
    const control = await openCheckpoint(`${POCKET}/pocket-control-canny.safetensors`)
    const outputs = await runGraph(buildUnet(checkpoint, facts, { control, latentMultiple: 8 }), {
      x: reference('latents'),
      timesteps: { shape: [1], data: Float32Array.of(500) },
      context: reference('p0_context'),
      hint: reference('control_hint'),
      strength: { shape: [1], data: Float32Array.of(1) },
    })
    expect(error(outputs.out, 'control_p0_unet_t500')).toBeLessThan(1e-5)
    const wide = { ...facts, unet: { ...facts.unet, modelChannels: 320 } }
    expect(latentMultipleFor(wide, [64, 96])).toBe(8)
    expect(latentMultipleFor(wide, [64, 97])).toBe(1)
    expect(latentMultipleFor(facts, [64, 96])).toBe(1)
  })

  it("a ControlNet's difference form is added to the weights of the UNet", async () => {
    const control = await openCheckpoint(`${POCKET}/pocket-control-canny.safetensors`)
    const zeros = join(mkdtempSync(join(tmpdir(), 'control-')), 'zeros.bin')
    writeFileSync(zeros, new Uint8Array(4 * 1024 * 1024))
    const feeds = {
      x: reference('latents'),
      timesteps: { shape: [1], data: Float32Array.of(500) },
      context: reference('p0_context'),
      hint: reference('control_hint'),
      strength: { shape: [1], data: Float32Array.of(1) },
    }
    const twin = ({ name }: TensorEntry) => checkpoint.tensors.get(name.replace(/^control_model\./, facts.unet.prefix))
    // No difference at all to the UNet, once as zeros to be added and once as the UNet's weights themselves.
    const answers = [true, false].map(difference => {
      const entries = [...control.tensors.values()].map((entry): [string, TensorEntry] => [
        entry.name,
        twin(entry) === undefined
          ? entry
          : difference
            ? { ...entry, file: zeros, offset: 0 }
            : { ...entry, ...twin(entry) },
      ])
      const marker = difference
        ? entries.slice(0, 1).map(([, entry]): [string, TensorEntry] => ['difference', entry])
        : []
      const tensors = new Map([...entries, ...marker])
      return runGraph(buildUnet(checkpoint, facts, { control: { ...control, tensors } }), feeds)
    })
    const [added, same] = (await Promise.all(answers)).map(outputs => (outputs.out as Array32).data)
    rmSync(dirname(zeros), { recursive: true })
    expect(relativeError(added as Float32Array, same as Float32Array)).toBeLessThan(1e-6)
    expect(relativeError(same as Float32Array, reference('control_p0_unet_t500').data)).toBeGreaterThan(1e-3)
  })

  it('the VAE decodes', async () => {
    const outputs = await runGraph(buildVaeDecoder(checkpoint, facts), { latent: reference('vae_latent') })
    expect(error(outputs.image, 'vae_decoded')).toBeLessThan(1e-5)
  })

  it('the VAE encodes to the mean', async () => {
    const outputs = await runGraph(buildVaeEncoder(checkpoint, facts), { image: reference('picture') })
    const moments = reference('vae_moments').data
    expect(relativeError((outputs.latent as Array32).data, moments.subarray(0, moments.length / 2))).toBeLessThan(1e-5)
  })
})
