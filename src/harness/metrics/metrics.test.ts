import { describe, expect, test } from 'vitest'
import { histogramDistance } from './histogram.js'
import { meanRgbDelta } from './mean-rgb.js'
import { multiScaleSsim } from './ms-ssim.js'
import { ncc } from './ncc.js'
import { hashDistance, phash } from './phash.js'
import type { Picture } from './picture.js'
import { psnr } from './psnr.js'
import { ssim } from './ssim.js'

const WIDTH = 160
const HEIGHT = 128

/** A disc on a background, both with a faint slope. */
function scene(): Picture {
  const inside = [214, 38, 60]
  const outside = [36, 76, 208]
  const pixels = new Uint8Array(WIDTH * HEIGHT * 3)
  for (let i = 0; i < pixels.length; i++) {
    const [x, y] = [Math.floor(i / 3) % WIDTH, Math.floor(i / 3 / WIDTH)]
    const disc = (x - WIDTH * 0.4) ** 2 + (y - HEIGHT * 0.55) ** 2 < (WIDTH * 0.3) ** 2
    pixels[i] = ((disc ? inside : outside)[i % 3] ?? 0) + Math.floor((x + 2 * y) / 16)
  }
  return { width: WIDTH, height: HEIGHT, channels: 3, pixels }
}

/** Numerical Recipes' linear congruential generator: the upper byte of each number. */
function lcg(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> 24
  }
}

function changed(change: (value: number, x: number, y: number, i: number, all: Uint8Array) => number): Picture {
  const { pixels, ...shape } = scene()
  return {
    ...shape,
    pixels: Uint8Array.from(pixels, (value, i) => {
      const result = change(value, Math.floor(i / 3) % WIDTH, Math.floor(i / 3 / WIDTH), i, pixels)
      return Math.min(255, Math.max(0, result))
    }),
  }
}

const coarse = lcg(7)
const fine = lcg(9)

const PICTURES: Record<string, Picture> = {
  same: scene(),
  'noise ±8': changed(value => value + (coarse() % 17) - 8),
  '+1 on a quarter': changed(value => value + (fine() % 4 === 0 ? 1 : 0)),
  'red and blue swapped': changed((_, _x, _y, i, all) => all[i - (i % 3) + 2 - (i % 3)] ?? 0),
  'brightness +6': changed(value => value + 6),
  'black square of 24': changed((value, x, y) => (x >= 110 && x < 134 && y >= 70 && y < 94 ? 0 : value)),
  'moved by a pixel': changed((_, x, y, i, all) => all[(y * WIDTH + ((x + WIDTH - 1) % WIDTH)) * 3 + (i % 3)] ?? 0),
  black: changed(() => 0),
}

// Computed by scikit-image 0.26 (structural_similarity with gaussian_weights, sigma 1.5, use_sample_covariance=False,
// channel_axis=2, full=True, its map averaged over the block; peak_signal_noise_ratio) and numpy 2.4 (corrcoef, mean).
describe.each([
  ['same', 1, 1, [0, 0], Number.POSITIVE_INFINITY, 0, 1],
  ['noise ±8', 0.753096963, 0.717554546, [128, 64], 34.297153, 0.078516, 0.93392605],
  ['+1 on a quarter', 0.99733517, 0.99690538, [128, 64], 54.161594, 0.250635, 0.999425792],
  ['red and blue swapped', 0.540708937, 0.505687643, [0, 0], 5.496697, 56.817578, -0.598754546],
  ['brightness +6', 0.996869955, 0.996141704, [0, 0], 32.567779, 6, 1],
  ['black square of 24', 0.948850164, 0.821931679, [128, 64], 20.464159, 6.149023, 0.46331439],
  ['moved by a pixel', 0.943326232, 0.918363602, [0, 64], 25.759203, 0, 0.982933785],
  ['black', 0.00114649, 0.000936793, [64, 64], 5.196613, 168.146094, 0],
])('%s', (name, mean, worst, [x, y], decibel, delta, correlation) => {
  const candidate = PICTURES[name] ?? scene()

  test('SSIM and its worst block are those of scikit-image', () => {
    const measured = ssim(scene(), candidate)
    expect(measured.mean).toBeCloseTo(mean, 8)
    expect(measured.worst.value).toBeCloseTo(worst, 8)
    expect(measured.worst).toMatchObject({ x, y })
  })

  test('PSNR, difference of means and correlation are those of scikit-image and numpy', () => {
    if (Number.isFinite(decibel)) expect(psnr(scene(), candidate)).toBeCloseTo(decibel, 5)
    else expect(psnr(scene(), candidate)).toBe(decibel)
    expect(meanRgbDelta(scene(), candidate)).toBeCloseTo(delta, 5)
    expect(ncc(scene(), candidate)).toBeCloseTo(correlation, 8)
  })
})

// Computed with numpy 2.4 (linalg.norm of histogram(…, 256, (0, 512))), imagehash 4.3.2 on Pillow 13.0 (phash), and MS-SSIM from
// its two papers with scipy 1.17's gaussian_filter (σ 1.5, truncate 3.5).
test.each([
  ['same', 1, 0, '893e3e7032c931cf'],
  ['noise ±8', 0.959543367, 3026.659545, '893e3e7032c171cf'],
  ['+1 on a quarter', 0.999638409, 414.094192, '893e3e7032c171cf'],
  ['red and blue swapped', 0.333333333, 0, 'b649c10fcd3ece30'],
  ['brightness +6', 0.999262773, 7047.941543, '893e3e7032c931cf'],
  ['black square of 24', 0.882071349, 1856.687373, 'cb34344b34946bcf'],
  ['moved by a pixel', 0.980029183, 0, '893e3e7032c931cf'],
  ['black', 0.078303897, 62296.672399, '0000000000000000'],
])(
  '%s: multi-scale SSIM, histogram and perceptual hash are those of the papers, numpy and imagehash',
  (name, scales, distance, hash) => {
    const candidate = PICTURES[name] ?? scene()
    expect(multiScaleSsim(scene(), candidate).multiScale).toBeCloseTo(scales, 8)
    expect(histogramDistance(scene(), candidate)).toBeCloseTo(distance, 5)
    expect(phash(candidate).toString(16).padStart(16, '0')).toBe(hash)
  },
)

test('hashes differ in as many bits as they differ in', () => {
  expect(hashDistance(0x893e3e7032c931cfn, 0xb649c10fcd3ece30n)).toBe(58)
  expect(hashDistance(7n, 7n)).toBe(0)
})

test('pictures of another size or number of channels are refused, by name of their sizes', () => {
  const small = { width: 8, height: 8, channels: 3, pixels: new Uint8Array(192) }
  for (const metric of [ssim, psnr, meanRgbDelta, ncc]) {
    expect(() => metric(small, scene())).toThrow('pictures of 8×8×3 and 160×128×3 cannot be compared')
  }
})

test('pictures smaller than the window are compared by the largest window that fits', () => {
  const grey = (value: number): Picture => ({
    width: 8,
    height: 16,
    channels: 1,
    pixels: new Uint8Array(128).fill(value),
  })
  // Flat pictures: SSIM is (2·m·n + C1) / (m² + n² + C1), C1 = 6.5025.
  expect(ssim(grey(100), grey(110)).mean).toBeCloseTo(22006.5025 / 22106.5025, 9)
})
