import { describe, expect, test } from 'vitest'
import { MUTATIONS } from '../mutations/mutations.js'
import { blurred, mapValues, pasted, randomOf, warp } from '../mutations/pixels.js'
import { alphaDistance, flattened, overlap } from './coverage.js'
import { localDifferences } from './local-difference.js'
import type { Picture } from './picture.js'
import { motionBetween } from './registration.js'
import { worstSeam } from './seam.js'
import { laplacianRatio, worstSharpness } from './sharpness.js'
import { summedArea } from './summed-area.js'

/** Soft waves in every direction: something to be moved, nothing to be aliased. */
const WAVES: Picture = {
  width: 96,
  height: 80,
  channels: 3,
  pixels: Uint8Array.from({ length: 96 * 80 * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % 96, Math.floor(i / 3 / 96)]
    return 128 + 50 * Math.sin(x / 5 + y / 11) + 50 * Math.cos(y / 7 - x / 13) + 5 * (i % 3)
  }),
}

test('a summed-area table has the sums of brute force, also of rectangles that reach beyond the picture', () => {
  const values = Array.from({ length: 7 * 5 }, (_, i) => (i * 17) % 23)
  const table = summedArea(7, 5, i => values[i] ?? 0)
  for (const [x, y, w, h] of [
    [0, 0, 7, 5],
    [2, 1, 3, 2],
    [-2, -1, 4, 3],
    [5, 3, 9, 9],
  ] as const) {
    let [sum, count] = [0, 0]
    for (let v = Math.max(0, y); v < Math.min(5, y + h); v++) {
      for (let u = Math.max(0, x); u < Math.min(7, x + w); u++) {
        sum += values[v * 7 + u] ?? 0
        count++
      }
    }
    expect(table.sum(x, y, w, h)).toBe(sum)
    expect(table.mean(x, y, w, h)).toBeCloseTo(sum / count, 12)
  }
})

describe('motion', () => {
  test.each([
    [0, 0],
    [0.25, 0],
    [0.5, -0.25],
    [-0.75, 0.5],
  ])('by %f,%f pixels is measured within a twentieth', (dx, dy) => {
    const { shift, warp: rest } = motionBetween(
      WAVES,
      warp(WAVES, (x, y) => [x - dx, y - dy]),
    )
    expect(Math.abs(shift - Math.hypot(dx, dy))).toBeLessThan(0.05)
    expect(rest).toBeLessThan(0.1)
  })

  test('a turn and a zoom move the edges, not the middle', async () => {
    // One degree at half of the 90 pixels that are left of the width: 45·sin 1° = 0.79.
    const turned = motionBetween(WAVES, await MUTATIONS['rotation-1'](WAVES, randomOf(1)))
    expect(turned.shift).toBeLessThan(0.1)
    expect(Math.abs(turned.warp - 0.79)).toBeLessThan(0.1)
    const zoomed = motionBetween(WAVES, await MUTATIONS['zoom-2'](WAVES, randomOf(1)))
    expect(Math.abs(zoomed.warp - 0.9)).toBeLessThan(0.15)
  })

  test('nothing to be seen is nothing moved', () => {
    const flat = mapValues(WAVES, () => 9)
    expect(motionBetween(flat, flat)).toEqual({ shift: 0, warp: 0 })
  })
})

test('a difference is found where it is, with how many levels it is', () => {
  const area = { x: 40, y: 24, width: 8, height: 8 }
  const candidate = pasted(
    WAVES,
    mapValues(WAVES, value => value + 20),
    area,
  )
  const { brightness, pixel } = localDifferences({ golden: WAVES, candidate })
  expect(brightness.x).toBeGreaterThanOrEqual(40)
  expect(brightness.x + brightness.size).toBeLessThanOrEqual(48)
  expect(brightness.y).toBeGreaterThanOrEqual(24)
  expect(brightness.y + brightness.size).toBeLessThanOrEqual(32)
  expect(brightness.levels).toBeCloseTo(20, 0)
  expect(pixel.levels).toBe(20)
  expect(localDifferences({ golden: WAVES, candidate: WAVES }).brightness.value).toBe(0)
})

test('what the upload of the golden changes there is allowed, and only there', () => {
  const area = { x: 40, y: 24, width: 16, height: 16 }
  const upload = pasted(
    WAVES,
    mapValues(WAVES, value => value + 10),
    area,
  )
  const there = pasted(
    WAVES,
    mapValues(WAVES, value => value + 8),
    { x: 44, y: 28, width: 8, height: 8 },
  )
  const elsewhere = pasted(
    WAVES,
    mapValues(WAVES, value => value + 8),
    { x: 8, y: 56, width: 8, height: 8 },
  )
  expect(localDifferences({ golden: WAVES, candidate: there, upload }).brightness.value).toBeLessThan(1)
  expect(localDifferences({ golden: WAVES, candidate: elsewhere, upload }).brightness.value).toBeGreaterThan(1)
})

test('a seam is found at its column and row, with its height', () => {
  const step = (at: number, axis: 'x' | 'y') => mapValues(WAVES, (value, place) => value + (place[axis] >= at ? 3 : 0))
  expect(worstSeam({ golden: WAVES, candidate: step(32, 'x') })).toMatchObject({ direction: 'column', at: 32 })
  expect(worstSeam({ golden: WAVES, candidate: step(50, 'y') })).toMatchObject({ direction: 'row', at: 50 })
  expect(worstSeam({ golden: WAVES, candidate: step(50, 'y') }).levels).toBeCloseTo(3, 1)
})

test('blur takes fine detail away, noise adds to it', async () => {
  const fine = mapValues(WAVES, (value, { x, y }) => value + ((x * 7 + y * 13) % 11) * 3)
  const soft = blurred(fine, 1)
  expect(laplacianRatio(fine, soft)).toBeLessThan(0.3)
  expect(worstSharpness({ golden: fine, candidate: soft }).ratio).toBeLessThan(0.3)
  expect(laplacianRatio(WAVES, await MUTATIONS['noise-8'](WAVES, randomOf(1)))).toBeGreaterThan(5)
})

describe('of what is drawn on nothing', () => {
  const lines = (columns: readonly number[]): Picture => ({
    width: 20,
    height: 10,
    channels: 1,
    pixels: Uint8Array.from({ length: 200 }, (_, i) => (columns.includes(i % 20) ? 255 : 0)),
  })

  test('the overlap is intersection over union', () => {
    expect(overlap(lines([2, 8]), lines([2, 8]))).toBe(1)
    expect(overlap(lines([2, 8]), lines([2]))).toBe(0.5)
    expect(overlap(lines([2]), lines([3]))).toBe(0)
    expect(overlap(lines([]), lines([]))).toBe(1)
  })

  test('lines may move by the reach', () => {
    expect(overlap(lines([2, 8]), lines([3, 8]), { reach: 1 })).toBe(1)
    expect(overlap(lines([2, 8]), lines([4, 8]), { reach: 1 })).toBeCloseTo(1 / 3, 9)
  })

  test('alpha has a distance of its own, and hides colours', () => {
    const pixel = (...rgba: number[]) => ({ width: 1, height: 1, channels: 4, pixels: Uint8Array.from(rgba) })
    expect(alphaDistance(pixel(1, 2, 3, 200), pixel(9, 9, 9, 190))).toBe(10)
    expect(flattened(pixel(255, 0, 7, 0)).pixels).toEqual(Uint8Array.of(128, 128, 128))
    expect(flattened(pixel(255, 0, 7, 255)).pixels).toEqual(Uint8Array.of(255, 0, 7))
  })
})
