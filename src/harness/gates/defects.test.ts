import { describe, expect, test } from 'vitest'
import { sha256Hex } from '../canonical.js'
import type { Picture } from '../metrics/picture.js'
import { BENIGN, MUTATIONS, type MutationName } from '../mutations/mutations.js'
import { randomOf } from '../mutations/pixels.js'
import { uploaded } from '../uploads.js'
import { defectGate } from './defects.js'
import { DEFAULT_LIMITS } from './limits.js'

/** A red disc on blue with a slope over both: edges that an upload smears, and flat ground. */
function scene(side = 96): Picture {
  const pixels = new Uint8Array(side * side * 3)
  for (let i = 0; i < pixels.length; i++) {
    const [x, y] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side)]
    const inside = (x - side * 0.4) ** 2 + (y - side * 0.55) ** 2 < (side * 0.28) ** 2
    pixels[i] = ((inside ? [214, 38, 60] : [36, 76, 208])[i % 3] ?? 0) + Math.floor((x + 2 * y) / 16)
  }
  return { width: side, height: side, channels: 3, pixels }
}

const GOLDEN = scene()
const upload = uploaded(GOLDEN)

async function gate(picture: Picture, limits = DEFAULT_LIMITS.kin.arithmetic.defects) {
  const hashed = (picture: Picture) => ({ sha256: sha256Hex(picture.pixels), picture })
  return defectGate({
    candidate: [hashed(picture)],
    golden: [hashed(GOLDEN)],
    uploads: [await upload],
    limits,
  })
}

describe('damage is found and named', () => {
  test.each([
    ['channels-swapped', 'it looks like the golden with red and blue swapped'],
    ['negative', 'it looks like the golden as a negative'],
    ['mirrored-x', 'it looks like the golden mirrored left to right'],
    ['mirrored-y', 'it looks like the golden upside down'],
    ['shift-1', 'it looks like the golden moved by 1,0 pixels'],
    ['shift-half', 'it looks like the golden moved by 0.5,0 pixels'],
    ['contrast-110', 'it looks like the golden with another brightness or contrast'],
    ['brightness-3', 'the mean of a channel is off by 3 levels'],
    ['cast-4', 'the mean of a channel is off by 4 levels'],
    ['hue-8', 'the colour of'],
    ['seams-2', 'a seam before column 64'],
    ['seams-4', 'a seam before column 64'],
    ['row-lost', 'a seam before row'],
    ['grey-square-8', 'the brightness of 8×8 at'],
    ['salt', 'the pixel'],
    ['blur-1', 'less fine detail'],
    ['checkerboard', 'more fine detail'],
    ['noise-4', 'more fine detail'],
    ['rotation-1', 'less fine detail'],
    ['zoom-2', 'it is turned or stretched by'],
  ] as const satisfies readonly (readonly [MutationName, string])[])('%s: %s', async (name, says) => {
    const mutated = await MUTATIONS[name](GOLDEN, randomOf(7))
    expect(await gate(mutated)).toMatchObject({ verdict: 'fail', reason: expect.stringContaining(says) })
  })
})

test.each(Object.entries(BENIGN))('%s is no damage', async (_, change) => {
  for (const seed of [1, 2, 3]) {
    expect(await gate(await change(GOLDEN, randomOf(seed)))).toMatchObject({ verdict: 'pass' })
  }
})

test('identical pictures have no damage, and nothing is measured', async () => {
  expect(await gate(GOLDEN)).toMatchObject({ verdict: 'pass', metrics: {} })
})

test('pictures of another size are not measured', async () => {
  expect(await gate(scene(64))).toMatchObject({ verdict: 'unmeasured' })
})

test('strangers are asked for less: no local damage, but casts and blur all the same', async () => {
  const limits = DEFAULT_LIMITS.kin.other.defects
  const verdict = async (name: MutationName) => (await gate(await MUTATIONS[name](GOLDEN, randomOf(7)), limits)).verdict
  expect(await verdict('brightness-6')).toBe('fail')
  expect(await verdict('blur-2')).toBe('fail')
  expect((await gate(await MUTATIONS['grey-square-8'](GOLDEN, randomOf(7)), limits)).metrics).not.toHaveProperty(
    'brightness',
  )
})
