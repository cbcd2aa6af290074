import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEngine, type Engine } from 'horde-onnx'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openCheckpoint } from '../src/models/checkpoint.js'
import { type TensorToWrite, writeSafetensors } from '../src/models/files/safetensors.js'
import { filled } from './support/run-graph.js'

const LAYER = 'lora_unet_input_blocks_1_1_transformer_blocks_0_attn2_to_'
const folder = mkdtempSync(join(tmpdir(), 'horde-onnx-loras-'))
let engine: Engine

/** Factors of rank 2 for a matrix. */
function factors(name: string, [out, inner]: readonly [number, number], seed: number): Record<string, TensorToWrite> {
  return {
    [`${name}.lora_up.weight`]: { dtype: 'F32', ...filled([out, 2], seed) },
    [`${name}.lora_down.weight`]: { dtype: 'F32', ...filled([2, inner], seed + 1) },
  }
}

async function draw(lora?: Record<string, unknown>) {
  return engine.generate({
    model: 'pocket-sd15',
    payload: {
      prompt: 'a red circle',
      seed: 7,
      ddim_steps: 3,
      width: 64,
      height: 64,
      karras: true,
      sampler_name: 'k_euler',
      ...(lora === undefined ? {} : { loras: [lora] }),
    },
  })
}

const pictureOf = async (lora?: Record<string, unknown>) => {
  const { faults, images } = await draw(lora)
  expect(faults).toEqual([])
  return images[0]?.sha256
}

beforeAll(async () => {
  const { tensors } = await openCheckpoint('fixtures/models/pocket/pocket-sd15.safetensors')
  const at = 'model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_q.weight'
  const [out = 0, inner = 0] = tensors.get(at)?.shape ?? []
  const q = `${LAYER}q`
  await writeSafetensors(join(folder, 'red.safetensors'), factors(q, [out, inner], 1), {
    'modelspec.trigger_phrase': 'crimson, scarlet',
  })
  await writeSafetensors(join(folder, 'blue.safetensors'), factors(q, [out, inner], 9))
  await writeSafetensors(join(folder, 'giant.safetensors'), factors(q, [out, 2 * inner], 1))
  await writeSafetensors(join(folder, 'half.safetensors'), {
    ...factors(q, [out, inner], 1),
    ...factors('lora_unet_nothing', [2, 2], 1),
  })
  engine = await createEngine({ adapterFolders: [folder] })
})

afterAll(async () => {
  await engine.close()
  rmSync(folder, { recursive: true })
})

describe('LoRAs of payloads', () => {
  it('do not leak into each other, nor into jobs without one', async () => {
    const [red, blue, none] = [{ name: 'red' }, { name: 'blue' }, undefined]
    const first = [await pictureOf(red), await pictureOf(blue), await pictureOf(none)]
    const mixed = await Promise.all([none, blue, red].map(pictureOf))
    expect(mixed.reverse()).toEqual(first)
    expect(new Set(first).size).toBe(3)
  })

  it('of strength 0 draw what no LoRA draws', async () => {
    expect(await pictureOf({ name: 'red', model: 0, clip: 0 })).toBe(await pictureOf())
  })

  it('put their triggers before the prompt', async () => {
    const { job, plan } = await draw({ name: 'red', inject_trigger: 'all' })
    expect(job?.prompt).toBe('crimson, scarlet, a red circle')
    expect(plan?.loras).toMatchObject([{ name: 'red.safetensors', model: 1, clip: 1 }])
  })

  it('that are not there are left out, and the job says so', async () => {
    const { state, notes, images } = await draw({ name: 'nowhere to be found' })
    expect(state).toBe('ok')
    expect(notes).toContainEqual(
      expect.objectContaining({ missing: { type: 'lora', value: 'download_failed', ref: 'nowhere to be found' } }),
    )
    expect(images[0]?.sha256).toBe(await pictureOf())
  })

  it.each([
    ['giant', /giant\.safetensors: module .* it was made for another model/],
    ['half', /half\.safetensors: only 2 of its 4 tensors belong to layers of this model/],
  ])('like "%s" are a fault of that job alone', async (name, message) => {
    const { state, faults } = await draw({ name })
    expect(state).toBe('fault')
    expect(faults[0]?.message).toMatch(message)
    expect(faults[0]?.code).toBe('model-file')
    expect(await pictureOf()).toBeDefined()
  })
})
