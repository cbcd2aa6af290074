import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeImage } from '../decode.js'
import { maskFromPicture } from '../mask.js'
import type { Picture } from '../picture.js'
import { controlHint } from './control-hint.js'
import { type HintResize, resizeHint } from './hint-resize.js'
import { inpaintHint } from './inpaint-hint.js'

const folder = join(import.meta.dirname, '../../../../shared/reference/annotators')
const missing = !existsSync(folder)
const why = missing ? ' (skipped: ../shared/reference/annotators is not here)' : ''

interface Case {
  id: string
  annotator: string
  variant: string
  params: { image_gen_width: number; image_gen_height: number; resize_mode: string; black_pixel_for_xinsir_cn: boolean }
  input: string
  mask: string
  output: string
  output_float32_sha256: string
  alternative?: { file: string }
}

const index: { cases: Case[] } = missing ? { cases: [] } : JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'))

const read = (file: string): Promise<Picture> => decodeImage(readFileSync(join(folder, file)), { origin: file })

const MODES: Record<string, HintResize['mode']> = {
  'Just Resize': 'stretch',
  'Crop and Resize': 'crop',
  'Resize and Fill': 'fit',
}

describe.skipIf(missing)(`control maps are resized as the node does it${why}`, () => {
  it.each(index.cases.filter(c => c.annotator === 'hint_resize'))('$id', async c => {
    const { image_gen_width: width, image_gen_height: height, resize_mode } = c.params
    const ours = resizeHint(await read(c.input), { width, height, mode: MODES[resize_mode] ?? 'stretch' })
    const off = await Promise.all(
      [c.output, c.alternative?.file ?? c.output].map(async file => {
        const theirs = await read(file)
        expect([ours.width, ours.height, ours.pixels.length]).toEqual([
          theirs.width,
          theirs.height,
          theirs.pixels.length,
        ])
        return ours.pixels.filter((v, i) => v !== theirs.pixels[i]).length
      }),
    )
    expect(Math.min(...off)).toBe(0)
  })
})

describe.skipIf(missing)(`hints of inpainting networks are equal to the last bit${why}`, () => {
  it.each(index.cases.filter(c => c.annotator === 'inpaint'))('$id', async c => {
    const picture = await read(c.input)
    const hint = inpaintHint(picture, maskFromPicture(await read(c.mask)), {
      black: c.params.black_pixel_for_xinsir_cn,
    })
    const plane = picture.width * picture.height
    const interleaved = hint.data.map((_, i) => hint.data[(i % 3) * plane + Math.floor(i / 3)] as number)
    expect(createHash('sha256').update(interleaved).digest('hex')).toBe(c.output_float32_sha256)
  })
})

describe('a ControlNet gets its map', () => {
  const columns = (width: number, height: number): Picture => ({
    width,
    height,
    channels: 1,
    pixels: Uint8Array.from({ length: width * height }, (_, i) => i % width),
  })

  it('in values of 0 to 1 and three planes', () => {
    const { shape, data } = controlHint(
      { width: 1, height: 1, channels: 1, pixels: Uint8Array.of(51) },
      { width: 8, height: 8 },
    )
    expect(shape).toEqual([1, 3, 8, 8])
    expect(new Set(data)).toEqual(new Set([Math.fround(0.2)]))
  })

  it('cut about the centre where the aspect is another one: 192×240 to 192×256 keeps the middle 180 columns', () => {
    const { data } = controlHint(columns(192, 240), { width: 192, height: 256 })
    const row = Array.from(data.subarray(0, 192), v => Math.round(v * 255))
    expect([row[0], row[191]]).toEqual([6, 185])
    expect(new Set(row).size).toBe(180)
  })
})
