import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, describe, expect, it } from 'vitest'
import { type Array32, filled, relativeError, runGraph } from '../../test/support/run-graph.js'
import { openCheckpoint, readFloats } from '../models/checkpoint.js'
import { detectModel } from '../models/detect.js'
import { writeSafetensors } from '../models/files/safetensors.js'
import { createGraph } from '../onnx/index.js'
import { channelsLastNorm } from './channels-last-norm.js'
import { buildVaeEncoder } from './vae.js'
import { weightsOf } from './weights.js'

const PACK = '../shared/reference'
const folder = mkdtempSync(join(tmpdir(), 'horde-onnx-vae-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The picture of the pack as the encoder gets it. */
async function source(): Promise<Array32> {
  const { data, info } = await sharp(`${PACK}/images/source.png`)
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const pixels = info.width * info.height
  const planes = Float32Array.from(
    { length: 3 * pixels },
    (_, i) => ((data[(i % pixels) * 3 + Math.floor(i / pixels)] as number) / 255) * 2 - 1,
  )
  return { shape: [1, 3, info.height, info.width], data: planes }
}

/** Group normalization of 4 groups of 3 channels, value by value: sums are rounded to fp32 after each addition, or never. */
function normalized({ shape: [, , height = 0, width = 0], data }: Array32, threads: number | 'exact'): Float32Array {
  const round = threads === 'exact' ? (value: number) => value : Math.fround
  const pixels = height * width
  const stretch = threads === 'exact' || pixels < 1024 ? pixels : Math.ceil(pixels / threads)
  const mean = (group: number, term: (x: number) => number) => {
    let total = 0
    for (let channel = 3 * group; channel < 3 * group + 3; channel++) {
      for (let start = 0; start < pixels; start += stretch) {
        let part = 0
        for (let i = start; i < Math.min(start + stretch, pixels); i++)
          part = round(part + round(term(data[channel * pixels + i] ?? 0)))
        total += part
      }
    }
    return total / (3 * pixels)
  }
  const groups = [0, 1, 2, 3].map(group => {
    const centre = mean(group, x => x)
    return { centre, deviation: Math.sqrt(mean(group, x => x * x) - centre ** 2) }
  })
  return data.map((x, i) => {
    const { centre = 0, deviation = 1 } = groups[Math.floor(i / pixels / 3)] ?? {}
    return (x - centre) / deviation
  })
}

describe.skipIf(!existsSync(PACK))('the encoder with the sums of torch on a CPU of two threads', () => {
  it.each([
    ['pocket-sd15', '../shared/pocket', 'img2img-0.55', 2e-6],
    ['tiny-sdxl', `${PACK}/models`, 'sdxl-img2img', 5e-6],
  ])('is what ComfyUI encoded with %s', async (name, folder, id, limit) => {
    const checkpoint = await openCheckpoint(`${folder}/${name}.safetensors`)
    const graph = buildVaeEncoder(checkpoint, await detectModel(checkpoint), { torchThreads: 2 })
    const { latent } = await runGraph(graph, { image: await source() })
    const { tensors } = await openCheckpoint(`${PACK}/cases/${id}/tensors.safetensors`)
    const theirs = tensors.get('encoded')
    if (latent === undefined || theirs === undefined) throw new Error('the case has no encoded source')
    expect(relativeError(latent.data, await readFloats(theirs))).toBeLessThan(limit)
  })
})

describe('group normalization with the sums of torch', () => {
  it.each([
    ['a few pixels, one thread for all of them', 31, 33],
    ['pixels that threads share evenly', 96, 128],
    ['pixels of which the last thread gets fewer', 125, 101],
  ])('%s', async (_, height, width) => {
    const { data, shape } = filled([1, 12, height, width])
    // All of one sign, so that rounding adds up.
    const x = { shape, data: data.map(value => 4 + value) }
    const file = join(folder, `${height}.safetensors`)
    await writeSafetensors(file, {
      'norm.weight': { dtype: 'F32', shape: [12], data: new Float32Array(12).fill(1) },
      'norm.bias': { dtype: 'F32', shape: [12], data: new Float32Array(12) },
    })
    const g = createGraph()
    const input = g.input('x', 'float32', [1, 12, 'height', 'width'])
    const w = weightsOf(await openCheckpoint(file), 'norm.')
    g.output('y', channelsLastNorm(g, input, w, { groups: 4, epsilon: 0, threads: 3 }))
    const { y } = await runGraph(g.build(), { x })
    const from = (threads: number | 'exact') => y && relativeError(y.data, normalized(x, threads))
    expect(from(3)).toBeLessThan(5e-6)
    expect(from('exact')).toBeGreaterThan(6e-6)
  })
})
