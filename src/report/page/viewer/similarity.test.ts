import { describe, expect, it } from 'vitest'
import { ssim } from '../../../harness/metrics/ssim.js'
import { leastAlike, similarityMap } from './similarity.js'

/** A textured picture; `damage` blackens a square of 20 pixels at (x, y). */
function picture(width: number, height: number, damage?: { x: number; y: number }) {
  const pixels = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const dark = damage && x >= damage.x && x < damage.x + 20 && y >= damage.y && y < damage.y + 20
      for (let c = 0; c < 3; c++) {
        pixels[(y * width + x) * 3 + c] = dark ? 0 : (x * 7 + y * 13 + c * 50 + ((x * y) % 11) * 9) % 256
      }
    }
  }
  return { width, height, channels: 3, pixels }
}

describe('the map of similarity', () => {
  it('leaves out alpha', () => {
    const [a, b] = [picture(64, 64), picture(64, 64, { x: 2, y: 3 })]
    const withAlpha = ({ width, height, pixels }: typeof a) => ({
      width,
      height,
      channels: 4,
      pixels: Uint8ClampedArray.from({ length: width * height * 4 }, (_, i) =>
        i % 4 === 3 ? (i * 31) % 256 : (pixels[Math.floor(i / 4) * 3 + (i % 4)] ?? 0),
      ),
    })
    expect(similarityMap(withAlpha(a), withAlpha(b)).mean).toBeCloseTo(ssim(a, b).mean, 12)
  })

  it('finds the damage', () => {
    const map = similarityMap(picture(256, 192), picture(256, 192, { x: 150, y: 101 }))
    const { x, y, size } = leastAlike(map)
    expect(size).toBe(64)
    expect(x).toBeLessThanOrEqual(150)
    expect(y).toBeLessThanOrEqual(101)
    expect(x + size).toBeGreaterThanOrEqual(170)
    expect(y + size).toBeGreaterThanOrEqual(121)
  })
})
