import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { relativeError, runGraph } from '../../../test/support/run-graph.js'
import { buildTextEncoder, buildUnet, tokenTable } from '../../networks/index.js'
import { tokenizePrompt } from '../../prompt/tokenize.js'
import { type Checkpoint, openCheckpoint, readFloats, readRows, readTensor, type TensorEntry } from '../checkpoint.js'
import { detectModel } from '../detect.js'
import type { ModelFacts, TextEncoderFacts } from '../facts.js'
import { type TensorToWrite, writeSafetensors } from '../files/safetensors.js'
import { openLora } from './open-lora.js'
import { type AppliedLora, patchedWeights } from './patch.js'

const PACK = '../shared/reference'
const POCKET = '../shared/pocket'
const folder = mkdtempSync(join(tmpdir(), 'horde-onnx-lora-'))

interface Case {
  checkpoint?: string
  payload: {
    prompt: string
    cfg_scale: number
    loras: { name: string; model: number; clip: number }[]
  }
}

const modelFile = (name: string) =>
  [`${PACK}/models/${name}.safetensors`, `${POCKET}/${name}.safetensors`].find(file => existsSync(file)) ?? name

/** The checkpoint with the LoRAs of a case merged in, written as a file of its own. */
async function patched(base: Checkpoint, facts: ModelFacts, { payload }: Case): Promise<Checkpoint> {
  const loras: AppliedLora[] = []
  for (const { name, model, clip } of payload.loras) {
    loras.push({ lora: await openLora(modelFile(name), base, facts), model, clip })
  }
  const tensors: Record<string, TensorToWrite> = {}
  for (const entry of base.tensors.values()) {
    tensors[entry.name] = { dtype: entry.dtype, shape: entry.shape, data: await readTensor(entry) }
  }
  for (const part of ['unet', 'text'] as const) {
    for await (const { key, shape, values } of patchedWeights(base, loras, part)) {
      tensors[key] = { dtype: 'F32', shape, data: values }
    }
  }
  const file = join(folder, 'patched.safetensors')
  await writeSafetensors(file, tensors)
  return openCheckpoint(file)
}

function encode(checkpoint: Checkpoint, encoder: TextEncoderFacts, { payload }: Case) {
  const [positive = ''] = payload.prompt.split('###')
  const ids = tokenizePrompt(positive, { padToken: encoder.padToken }).flatMap(chunk => chunk.ids.map(Number))
  return readRows(tokenTable(checkpoint, encoder), ids).then(embeds =>
    runGraph(buildTextEncoder(checkpoint, encoder), {
      embeds: { shape: [1, 77, encoder.width], data: embeds },
      eos: { shape: [1], data: BigInt64Array.of(BigInt(ids.indexOf(49407))) },
    }),
  )
}

async function reference(id: string, name: string): Promise<{ shape: readonly number[]; data: Float32Array }> {
  const { tensors } = await openCheckpoint(`${PACK}/cases/${id}/tensors.safetensors`)
  const entry = tensors.get(name) as TensorEntry
  return { shape: entry.shape, data: await readFloats(entry) }
}

describe.skipIf(!existsSync(PACK))(`adapters as ComfyUI applies them (needs ${PACK})`, () => {
  let base: Checkpoint
  let facts: ModelFacts

  beforeAll(async () => {
    base = await openCheckpoint(`${POCKET}/pocket-sd15.safetensors`)
    facts = await detectModel(base)
  })

  afterAll(() => rmSync(folder, { recursive: true }))

  it.each([
    'adapter-lora',
    'adapter-locon',
    'adapter-loha',
    'adapter-lokr',
    'adapter-dora',
    'adapter-full',
    'adapter-peft',
    'adapter-diffusers',
    'adapters-stacked',
    'lora--0.7-1.3',
    'lora-0.5-0.0',
    'lora-1.0-1.0',
  ])('%s: text embedding and first prediction agree', async id => {
    const request: Case = JSON.parse(readFileSync(`${PACK}/cases/${id}/case.json`, 'utf8'))
    const checkpoint = await patched(base, facts, request)
    const [encoder] = facts.textEncoders
    if (encoder === undefined) throw new Error('unreachable')
    const text = await encode(checkpoint, encoder, request)
    const cond = await reference(id, 'cond')
    expect(relativeError(text['hidden.1.norm']?.data ?? new Float32Array(), cond.data)).toBeLessThan(5e-6)

    const x = await reference(id, 'step0.x')
    const uncond = await reference(id, 'uncond')
    const [sigma = 0] = (await reference(id, 'sigmas')).data
    const input = x.data.map(value => value / Math.sqrt(sigma * sigma + 1))
    const out = await runGraph(buildUnet(checkpoint, facts), {
      x: { shape: [2, ...x.shape.slice(1)], data: Float32Array.of(...input, ...input) },
      // The first sigma of these cases is the largest of the table.
      timesteps: { shape: [2], data: Float32Array.of(999, 999) },
      context: { shape: [2, 77, encoder.width], data: Float32Array.of(...cond.data, ...uncond.data) },
    })
    const noise = out.out?.data ?? new Float32Array()
    const { cfg_scale: cfg } = request.payload
    const denoised = x.data.map((value, i) => {
      const [c = 0, u = 0] = [noise[i], noise[i + x.data.length]]
      return value - sigma * (u + cfg * (c - u))
    })
    // The largest sigma multiplies errors of the UNet by 15; the pack's limit for latents is 1e-4.
    expect(relativeError(denoised, (await reference(id, 'step0.denoised')).data)).toBeLessThan(1e-4)
  })

  it('sdxl-lora: both text encoders agree, OpenCLIP with its fused projections', async () => {
    const xl = await openCheckpoint(`${PACK}/models/tiny-sdxl.safetensors`)
    const xlFacts = await detectModel(xl)
    const request: Case = JSON.parse(readFileSync(`${PACK}/cases/sdxl-lora/case.json`, 'utf8'))
    const checkpoint = await patched(xl, xlFacts, request)
    const rows: Float32Array[] = []
    for (const encoder of xlFacts.textEncoders) {
      const text = await encode(checkpoint, encoder, request)
      const hidden = text['hidden.1']?.data ?? new Float32Array()
      for (let token = 0; token < 77; token++) {
        rows[token] = Float32Array.of(
          ...(rows[token] ?? []),
          ...hidden.subarray(token * encoder.width, (token + 1) * encoder.width),
        )
      }
      if (encoder.kind === 'clip-g') {
        const pooled = await reference('sdxl-lora', 'cond_pooled')
        expect(relativeError(text.pooled?.data ?? new Float32Array(), pooled.data)).toBeLessThan(5e-6)
      }
    }
    const cond = await reference('sdxl-lora', 'cond')
    expect(relativeError(Float32Array.from(rows.flatMap(row => [...row])), cond.data)).toBeLessThan(5e-6)
  })
})
