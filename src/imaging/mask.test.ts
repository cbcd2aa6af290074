import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeImage } from './decode.js'
import { interpolate } from './interpolate.js'
import { cropForVae, inpaintSource, maskForLatent, maskFromAlpha, maskFromPicture } from './mask.js'
import type { Picture } from './picture.js'
import { fromPixels, fromPixelsUnit, toPixels } from './tensor.js'

const folder = join(import.meta.dirname, '../../../shared/reference')
const missing = !existsSync(folder)
const why = missing ? ' (skipped: ../shared/reference is not here)' : ''

function safetensor(file: string, name: string): Float32Array {
  const bytes = readFileSync(file)
  const length = Number(bytes.readBigUInt64LE(0))
  const header: Record<string, { data_offsets: [number, number] }> = JSON.parse(bytes.toString('utf8', 8, 8 + length))
  const [from, to] = header[name]?.data_offsets ?? [0, 0]
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset + 8 + length + from, bytes.byteOffset + 8 + length + to))
}

describe.skipIf(missing)(`masks are what ComfyUI makes of them${why}`, () => {
  it.each(['inpaint', 'inpaint-dpmpp_2m', 'inpaint-model'])('%s: the grown mask', async id => {
    const image = await decodeImage(readFileSync(join(folder, 'images/source.png')))
    const mask = await decodeImage(readFileSync(join(folder, 'images/mask.png')))
    const { noiseMask, pixels } = inpaintSource(fromPixels([image]), maskFromPicture(mask))
    const theirs = safetensor(join(folder, 'cases', id, 'tensors.safetensors'), 'noise_mask')
    expect(noiseMask.data).toEqual(theirs)
    expect(noiseMask.data.reduce((sum, v) => sum + v, 0)).toBeGreaterThan(
      maskFromPicture(mask).data.reduce((sum, v) => sum + v, 0),
    )
    expect(pixels.shape).toEqual([1, 3, 128, 128])
  })
})

describe('masks', () => {
  it('a painted pixel grows by 2 to the left and up and by 3 to the right and down', () => {
    const mask = { width: 16, height: 16, data: new Float32Array(256) }
    mask.data[8 * 16 + 8] = 1
    const image = { shape: [1, 3, 16, 16], data: new Float32Array(3 * 256).fill(1) } as const
    const { noiseMask, pixels } = inpaintSource(image, mask)
    const on = [...noiseMask.data.entries()].filter(([, v]) => v === 1).map(([i]) => [i % 16, Math.floor(i / 16)])
    expect(on).toHaveLength(36)
    expect([on[0], on[35]]).toEqual([
      [6, 6],
      [11, 11],
    ])
    const grey = [...pixels.data.entries()].filter(([, v]) => v === 0).map(([i]) => i)
    expect(grey).toEqual([136, 136 + 256, 136 + 512])
  })

  it('half is kept, more than half is painted', () => {
    const mask = { width: 8, height: 8, data: new Float32Array(64).fill(0.5) }
    mask.data[0] = 0.50001
    const image = { shape: [1, 3, 8, 8], data: new Float32Array(192).fill(1) } as const
    expect([...inpaintSource(image, mask, 0).noiseMask.data].filter(v => v === 1)).toHaveLength(1)
  })

  it('sizes that are no multiples of 8 are cut about the centre', () => {
    const data = Float32Array.from({ length: 11 * 13 }, (_, i) => i)
    const cut = cropForVae({ shape: [1, 1, 11, 13], data })
    expect(cut.shape).toEqual([1, 1, 8, 8])
    expect([...cut.data.subarray(0, 3)]).toEqual([1 * 13 + 2, 1 * 13 + 3, 1 * 13 + 4])
  })

  it('alpha is inverted: transparent is painted', () => {
    const picture: Picture = { width: 3, height: 1, channels: 2, pixels: Uint8Array.of(9, 0, 9, 255, 9, 51) }
    const { data } = maskFromAlpha(picture)
    expect([data[0], data[1]]).toEqual([1, 0])
    expect(data[2]).toBeCloseTo(0.8, 6)
  })

  it('goes to the latent by bilinear, unrounded', () => {
    const mask = { width: 16, height: 8, data: new Float32Array(128) }
    mask.data.fill(1, 3 * 16, 4 * 16)
    expect([...maskForLatent(mask, { width: 2, height: 1 }).data]).toEqual([0.5, 0.5])
  })
})

/** Values of torch 2.x: `F.interpolate(torch.arange(n).float()[None, None], size=…, mode=…)`, from its documentation's definitions. */
describe('interpolation as torch does it', () => {
  const ramp = (width: number, height: number) => ({
    width,
    height,
    data: Float32Array.from({ length: width * height }, (_, i) => i),
  })

  it('bilinear keeps the borders and halves in between', () => {
    expect([...interpolate(ramp(2, 2), { width: 4, height: 4, mode: 'bilinear' }).data]).toEqual([
      0, 0.25, 0.75, 1, 0.5, 0.75, 1.25, 1.5, 1.5, 1.75, 2.25, 2.5, 2, 2.25, 2.75, 3,
    ])
  })

  it('nearest-exact takes the pixel whose centre is nearest', () => {
    expect([...interpolate(ramp(5, 1), { width: 3, height: 1, mode: 'nearest-exact' }).data]).toEqual([0, 2, 4])
    expect([...interpolate(ramp(3, 1), { width: 7, height: 1, mode: 'nearest-exact' }).data]).toEqual([
      0, 0, 1, 1, 1, 2, 2,
    ])
  })

  it('area is the mean of every pixel that is touched', () => {
    expect([...interpolate(ramp(5, 1), { width: 2, height: 1, mode: 'area' }).data]).toEqual([1, 3])
    expect([...interpolate(ramp(4, 2), { width: 2, height: 1, mode: 'area' }).data]).toEqual([2.5, 4.5])
  })

  it('takes every plane for itself', () => {
    const data = Float32Array.of(1, 1, 1, 1, 5, 5, 5, 5)
    expect([...interpolate({ width: 2, height: 2, data }, { width: 1, height: 1, mode: 'bilinear' }).data]).toEqual([
      1, 5,
    ])
  })
})

describe('pixels and tensors', () => {
  it('a batch becomes pictures, cut off and clamped', () => {
    const data = Float32Array.of(-1, 1, 0, 0.999, -3, 3, Number.NaN, -0.5, 0.25, 0.5, 0.75, 1)
    const pictures = toPixels({ shape: [2, 3, 1, 2], data })
    expect(pictures.map(({ pixels }) => [...pixels])).toEqual([
      [0, 127, 0, 255, 254, 255],
      [0, 159, 223, 63, 191, 255],
    ])
  })

  it('every byte comes back from 0…1 and the VAE range', () => {
    const picture: Picture = { width: 16, height: 16, channels: 3, pixels: new Uint8Array(768).map((_, i) => i / 3) }
    const unit = fromPixelsUnit([picture])
    expect(unit.data[255]).toBe(1)
    expect(Math.max(...fromPixels([picture]).data)).toBe(1)
    expect(Math.min(...fromPixels([picture]).data)).toBe(-1)
    const [back] = toPixels(fromPixels([picture]))
    const off = back?.pixels.map((v, i) => Math.abs(v - (picture.pixels[i] ?? 0)))
    expect(Math.max(...(off ?? [9]))).toBeLessThanOrEqual(1)
  })

  it('pictures of two sizes are no batch', () => {
    const of = (width: number): Picture => ({ width, height: 1, channels: 3, pixels: new Uint8Array(width * 3) })
    expect(() => fromPixels([of(1), of(2)])).toThrow('one size')
  })
})
