import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { UnsupportedError, UsageError } from '../../errors.js'
import { decodeImage } from '../decode.js'
import { type Picture, plainPicture } from '../picture.js'
import { fitSource } from '../source.js'
import { annotate } from './annotate.js'
import { ANNOTATORS } from './annotators.js'
import { NETWORK_ANNOTATORS } from './networks.js'
import { gammaByte } from './recolor.js'

const folder = join(import.meta.dirname, '../../../../shared/reference/annotators')
const missing = !existsSync(folder)
const why = missing ? ' (skipped: ../shared/reference/annotators is not here)' : ''

interface Case {
  id: string
  annotator: string
  node: string
  variant: string
  params: Record<string, number> & { pre_resize?: { wh: [number, number] } }
  input: string
  output: string
  alternative?: { file: string }
}

interface Tolerance {
  max_abs: number
  share: number
}

const index: { cases: Case[] } = missing ? { cases: [] } : JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'))

/** As `index.json` sets them; everything else has to be exact. */
const TOLERANCES: Readonly<Record<string, Tolerance>> = {
  standard_lineart: { max_abs: 1, share: 0.001 },
  pyracanny: { max_abs: 1, share: 0.001 },
  tile_ttplanet_guided: { max_abs: 1, share: 0.05 },
  shuffle: { max_abs: 8, share: 0.01 },
}

const read = (file: string): Promise<Picture> => decodeImage(readFileSync(join(folder, file)), { origin: file })

function difference(ours: Picture, theirs: Picture): { share: number; worst: number } {
  expect([ours.width, ours.height, ours.channels]).toEqual([theirs.width, theirs.height, theirs.channels])
  const off = ours.pixels.map((v, i) => Math.abs(v - (theirs.pixels[i] ?? 0)))
  return { share: off.filter(v => v > 0).length / off.length, worst: off.reduce((a, b) => Math.max(a, b), 0) }
}

/** The pack accepts what OpenCV draws with Intel's IPP or without. */
async function nearest(c: Case, ours: Picture): Promise<{ share: number; worst: number }> {
  const found = [difference(ours, await read(c.output))]
  if (c.alternative !== undefined) found.push(difference(ours, await read(c.alternative.file)))
  return found.reduce((a, b) => (b.share < a.share ? b : a))
}

function draw({ annotator, params }: Case, image: Picture, type = annotator): Picture {
  const { resolution, pre_resize, ...parameters } = params
  const known = Object.fromEntries(
    Object.entries(parameters).filter(([name]) => name in (ANNOTATORS[type]?.parameters ?? {})),
  )
  expect(Object.keys(known)).toEqual(Object.keys(parameters))
  return annotate(type, image, { parameters: known, ...(resolution === undefined ? {} : { resolution }) })
}

describe.skipIf(missing)(`annotators draw what comfyui_controlnet_aux draws${why}`, () => {
  for (const type of Object.keys(ANNOTATORS)) {
    const { max_abs, share } = TOLERANCES[type] ?? { max_abs: 0, share: 0 }
    describe(`${type}, at most ${max_abs} off in ${100 * share} % of the values`, () => {
      it.each(index.cases.filter(c => c.annotator === type))('$id', async c => {
        const off = await nearest(c, draw(c, await read(c.input)))
        expect(off.worst).toBeLessThanOrEqual(max_abs)
        expect(off.share).toBeLessThanOrEqual(share)
      })
    })
  }

  it.each(index.cases.filter(c => c.annotator === 'horde_chain'))(
    '$id: Lanczos to the request, then the annotator',
    async c => {
      const [width, height] = c.params.pre_resize?.wh ?? [0, 0]
      const type = Object.entries(ANNOTATORS).find(([, { node }]) => node === c.node)?.[0] ?? ''
      const size = { width, height }
      const off = await nearest(
        c,
        draw(c, fitSource({ image: await read(c.input), request: size, source: size }), type),
      )
      const { max_abs, share } = TOLERANCES[type] ?? { max_abs: 0, share: 0 }
      expect(off.worst).toBeLessThanOrEqual(max_abs)
      expect(off.share).toBeLessThanOrEqual(share)
    },
  )

  it('the gamma curve is the original one', () => {
    const { tables } = JSON.parse(readFileSync(join(folder, 'primitives/index.json'), 'utf8'))
    const curves: [string, number[]][] = Object.entries(tables.recolor_gamma_lut)
    expect(curves.length).toBeGreaterThan(3)
    for (const [gamma, curve] of curves) {
      expect(
        Array.from({ length: 256 }, (_, v) => gammaByte(v, Number(gamma))),
        `gamma ${gamma}`,
      ).toEqual(curve)
    }
  })
})

describe('annotate', () => {
  const image = plainPicture(80, 64, 10, 200, 30)

  it('has the parameters that the Horde uses as its defaults', () => {
    const defaults = index.cases.filter(c => c.variant === 'horde_default' && c.annotator in ANNOTATORS)
    for (const { annotator, params } of defaults) {
      for (const [name, value] of Object.entries(params)) {
        if (name !== 'resolution')
          expect(ANNOTATORS[annotator]?.parameters[name]?.default, `${annotator} ${name}`).toBe(value)
      }
    }
  })

  it.each(Object.keys(NETWORK_ANNOTATORS))('%s is a fault that names the file it needs', type => {
    expect(() => annotate(type, image)).toThrow(UnsupportedError)
    expect(() => annotate(type, image)).toThrow(NETWORK_ANNOTATORS[type]?.files[0])
  })

  it.each(['constructor', '__proto__', 'CANNY', ''])('"%s" is no control type', type => {
    expect(() => annotate(type, image)).toThrow(UsageError)
  })

  it('names the limits of a parameter', () => {
    expect(() => annotate('canny', image, { parameters: { low_threshold: 300 } })).toThrow('between 0 and 255')
    expect(() => annotate('canny', image, { parameters: { low_threshold: 1.5 } })).toThrow('a whole number')
    expect(() => annotate('canny', image, { parameters: { low_threshold: Number.NaN } })).toThrow(UsageError)
    expect(() => annotate('canny', image, { parameters: { threshold: 3 } })).toThrow('no parameter "threshold"')
  })

  it('replaces resolutions that the nodes refuse by 512', () => {
    for (const resolution of [63, 0, 100.5, Number.NaN]) {
      const { width, height } = annotate('scribble', image, { resolution })
      expect([width, height]).toEqual([640, 512])
    }
  })

  it('puts alpha on white and repeats grey', async () => {
    const clear = plainPicture(64, 64, 0, 0, 0, 0)
    expect(new Set(annotate('scribble', clear, { resolution: 64 }).pixels)).toEqual(new Set([255]))
    expect(new Set(annotate('scribble', plainPicture(64, 64, 5), { resolution: 64 }).pixels)).toEqual(new Set([0]))
  })

  it('a picture that a tile cannot be made of is an error', () => {
    expect(() => annotate('tile', plainPicture(20, 64, 1, 2, 3))).toThrow('cannot be resized')
  })
})
