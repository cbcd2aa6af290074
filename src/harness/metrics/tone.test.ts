import { describe, expect, test } from 'vitest'
import { MUTATIONS } from '../mutations/mutations.js'
import { mapColours, normal, randomOf } from '../mutations/pixels.js'
import type { Picture } from './picture.js'
import { toneBetween } from './tone.js'

/** Colours that leave room for gains: nothing is clipped. */
function scene(): Picture {
  const pixels = new Uint8Array(64 * 64 * 3)
  for (let i = 0; i < pixels.length; i++) pixels[i] = 90 + ((i * 37 + Math.floor(i / 191) * 11) % 70)
  return { width: 64, height: 64, channels: 3, pixels }
}

describe('tones', () => {
  test.each([
    ['contrast-95', { contrast: 0.95, saturation: 0.95, hue: 0 }],
    ['contrast-110', { contrast: 1.1, saturation: 1.1, hue: 0 }],
    ['saturation-85', { contrast: 1, saturation: 0.85, hue: 0 }],
    ['saturation-120', { contrast: 1, saturation: 1.2, hue: 0 }],
    ['brightness-6', { contrast: 1, saturation: 1, hue: 0 }],
  ] as const)('%s is what was done to them', async (name, tone) => {
    const measured = toneBetween(scene(), await MUTATIONS[name](scene(), randomOf(1)))
    // Rounding to 8 bit is a hundredth of these faint colours.
    expect(Math.abs(measured.contrast - tone.contrast)).toBeLessThan(0.01)
    expect(Math.abs(measured.saturation - tone.saturation)).toBeLessThan(0.01)
    expect(Math.abs(measured.hue - tone.hue)).toBeLessThan(0.5)
  })

  test('a turn of the hue is found by about its angle', async () => {
    // Turned in YIQ, measured in YCbCr: the axes are not quite each other's.
    const { hue } = toneBetween(scene(), await MUTATIONS['hue-20'](scene(), randomOf(1)))
    expect(Math.abs(hue)).toBeGreaterThan(14)
    expect(Math.abs(hue)).toBeLessThan(26)
  })

  test('noise has no tone', () => {
    const random = randomOf(2)
    const noisy = mapColours(scene(), ([r, g, b]) => [
      r + 6 * normal(random),
      g + 6 * normal(random),
      b + 6 * normal(random),
    ])
    const { contrast, saturation, hue } = toneBetween(scene(), noisy)
    expect(contrast).toBeCloseTo(1, 1)
    expect(saturation).toBeCloseTo(1, 1)
    expect(Math.abs(hue)).toBeLessThan(1)
  })

  test('grey pictures have no colour to be changed, flat ones no contrast', () => {
    const flat = { width: 8, height: 8, channels: 1, pixels: new Uint8Array(64).fill(100) }
    expect(toneBetween(flat, { ...flat, pixels: new Uint8Array(64).fill(120) })).toEqual({
      contrast: 1,
      saturation: 1,
      hue: 0,
    })
  })
})
