import { describe, expect, test } from 'vitest'
import type { Picture } from '../metrics/picture.js'
import { blot, caseOf, edited } from '../testing.js'
import { differenceOf, kindOfChange } from './difference.js'

/** A picture and its change by a rule over places. */
function moved(picture: Picture, from: (x: number, y: number) => [number, number]): Picture {
  const { width, height, channels } = picture
  const pixels = picture.pixels.map((_, i) => {
    const [c, x, y] = [i % channels, Math.floor(i / channels) % width, Math.floor(i / channels / width)]
    const [sx, sy] = from(x, y)
    return picture.pixels[(sy * width + sx) * channels + c] ?? 0
  })
  return { width, height, channels, pixels }
}

const swapped = (picture: Picture) => ({
  ...picture,
  pixels: picture.pixels.map((_, i) => picture.pixels[i - (i % 3) + (2 - (i % 3))] ?? 0),
})

const smoothed = (picture: Picture) =>
  [1, 1, 1, 1].reduce<Picture>(
    now => ({ ...now, pixels: now.pixels.map((v, i, all) => ((all[i - 3] ?? v) + v + (all[i + 3] ?? v)) / 3) }),
    picture,
  )

const inSquare = (index: number) => Math.floor(index / 3) % 64 < 14 && Math.floor(index / 3 / 64) < 14

const KINDS: [string, (picture: Picture) => Picture][] = [
  ['the last bits', p => edited(p, (v, i) => v + (i % 7 === 0 ? 1 : 0))],
  ['red and blue swapped', swapped],
  ['mirrored', p => moved(p, (x, y) => [63 - x, y])],
  ['one place', p => edited(p, (v, i) => (inSquare(i) ? 0 : v))],
  ['brighter', p => ({ ...p, pixels: p.pixels.map(v => Math.min(255, v + 20)) })],
  ['darker', p => ({ ...p, pixels: p.pixels.map(v => Math.max(0, v - 12)) })],
  ['blurred', smoothed],
  ['noisier or sharper', p => edited(p, (v, i) => v + (((i * 2654435761) >>> 16) % 41) - 20)],
]

describe('one cause reads the same in every picture that it changed', () => {
  test.each(KINDS)('%s', (kind, change) => {
    // Textured, so that there is something to blur.
    const pictures = [1, 5, 9].map(seed => edited(blot(seed), (v, i) => v + (((i * 40503) >>> 4) % 13)))
    expect(pictures.map(picture => kindOfChange(change(picture), picture))).toEqual([kind, kind, kind])
  })

  test('another size has no other kind', () => {
    expect(kindOfChange(blot(1), blot(1, { width: 32 }))).toBe('another size')
  })
})

describe('the fingerprint', () => {
  const fault = (message: string) => ({ state: 'fault' as const, images: [], faults: [{ code: 'lane', message }] })
  const of = (result: ReturnType<typeof caseOf>) =>
    differenceOf({
      result,
      verdict: { verdict: 'error', gate: 'contract', reason: '', gates: [] },
      pictures: [],
      reference: undefined,
    })

  test('of a fault does not depend on names, paths and figures, but on what happened', () => {
    const a = of(caseOf('a', blot(1), fault('"x" in /models/x.safetensors needs 512 MiB')))
    const b = of(caseOf('b', blot(2), fault('"y" in /models/z/y.ckpt needs 1024.5 MiB')))
    const c = of(caseOf('c', blot(2), fault('the lane died')))
    expect(a?.fingerprint).toBe(b?.fingerprint)
    expect(c?.fingerprint).not.toBe(a?.fingerprint)
    expect(a?.fingerprint).toMatch(/^[0-9a-f]{12}$/)
  })

  test('there is none where every gate passed', () => {
    const result = caseOf('a', blot(1))
    const verdict = { verdict: 'pass' as const, reason: '', gates: [] }
    expect(differenceOf({ result, verdict, pictures: [], reference: undefined })).toBeUndefined()
  })
})
