import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Checkpoint, openCheckpoint, readFloats, type TensorEntry } from '../../../models/checkpoint.js'
import { detectModel } from '../../../models/detect.js'
import { sha256Hex } from '../../canonical.js'
import { writeRandomWeights } from './random-weights.js'
import {
  type Shapes,
  sd15,
  sd15TextEncoder,
  sd15Unet,
  sdxl,
  sdxlTextEncoders,
  sdxlUnet,
  vaeDecoder,
  vaeEncoder,
} from './shapes.js'

const parameters = (shapes: Shapes) =>
  Object.values(shapes).reduce((sum, shape) => sum + shape.reduce((all, size) => all * size, 1), 0)

describe('shapes of published models', () => {
  /** Counts as `sum(p.numel() for p in model.parameters())` of the published models gives them. */
  test.each([
    ['UNet of SD1.5', sd15Unet(), 859_520_964],
    ['CLIP ViT-L/14', sd15TextEncoder(), 123_060_480],
    ['VAE', { ...vaeEncoder(), ...vaeDecoder() }, 83_653_863],
    ['UNet of SDXL', sdxlUnet(), 2_567_463_684],
    ['CLIP ViT-L/14 and OpenCLIP ViT-bigG/14', sdxlTextEncoders(), 123_060_480 + 694_659_840],
  ])('%s', (_, shapes, count) => expect(parameters(shapes)).toBe(count))

  test('are told to be of their families', async () => {
    expect(await detectModel(headerOf(sd15()))).toMatchObject({ family: 'sd1', unet: { modelChannels: 320 } })
    expect(await detectModel(headerOf(sdxl()))).toMatchObject({
      family: 'sdxl',
      unet: { admChannels: 2816, linearProjections: true },
    })
  })
})

test('random weights are the same for the same seed, and what they say they are', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'horde-onnx-full-size-'))
  try {
    const shapes = { 'a.weight': [30, 20], 'a.bias': [30], 'b.weight': [1200, 1000] }
    const hashes = []
    for (const [i, seed] of [1, 1, 2].entries()) {
      const file = join(folder, `${i}.safetensors`)
      hashes.push(await writeRandomWeights(file, shapes, { scale: 0.02, seed }))
      expect(sha256Hex(await readFile(file))).toBe(hashes[i])
    }
    expect(hashes[1]).toBe(hashes[0])
    expect(hashes[2]).not.toBe(hashes[0])
    const { tensors } = await openCheckpoint(join(folder, '0.safetensors'))
    expect(Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]))).toEqual(shapes)
    const values = await readFloats(tensors.get('b.weight') as TensorEntry)
    const [mean, largest] = [
      values.reduce((sum, v) => sum + v, 0) / values.length,
      Math.max(...values.slice(0, 10_000)),
    ]
    expect(Math.abs(mean)).toBeLessThan(1e-4)
    expect(largest).toBeGreaterThan(0.01)
    expect(largest).toBeLessThan(0.04)
  } finally {
    await rm(folder, { recursive: true })
  }
})

/** A checkpoint of which nothing but its header is looked at. */
function headerOf(shapes: Shapes): Checkpoint {
  const entry = ([name, shape]: [string, readonly number[]]): [string, TensorEntry] => [
    name,
    { name, file: 'none', dtype: 'F16', shape: [...shape], offset: 0, length: 2 },
  ]
  return { file: 'none', metadata: {}, tensors: new Map(Object.entries(shapes).map(entry)) }
}
