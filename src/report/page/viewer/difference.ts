import type { ReadableBitmap } from '../pictures.js'

export interface Difference {
  /** Absolute difference of each channel, times `gain`. */
  pixels: Uint8ClampedArray<ArrayBuffer>
  gain: number
  /** Largest difference of any channel, 0 to 255. */
  largest: number
  /** Share of pixels that differ at all, 0 to 1. */
  share: number
  /** Peak signal-to-noise ratio of red, green and blue in dB, infinite for identical pictures. */
  psnr: number
}

/** Difference of two pictures of one size, amplified by the power of two that just makes its largest value visible. */
export function difference(a: ReadableBitmap, b: ReadableBitmap): Difference {
  const pixels = new Uint8ClampedArray(a.pixels.length)
  let largest = 0
  let changed = 0
  let squares = 0
  for (let i = 0; i < pixels.length; i += 4) {
    let pixelLargest = 0
    for (let c = i; c < i + 4; c++) {
      const delta = Math.abs((a.pixels[c] as number) - (b.pixels[c] as number))
      pixels[c] = delta
      if (delta > pixelLargest) pixelLargest = delta
      if (c < i + 3) squares += delta * delta
    }
    if (pixelLargest > 0) changed++
    if (pixelLargest > largest) largest = pixelLargest
  }
  const gain = largest === 0 ? 1 : 2 ** Math.floor(Math.log2(255 / largest))
  for (let i = 0; i < pixels.length; i += 4) {
    // A difference of opacity alone must be seen, too.
    const alpha = pixels[i + 3] as number
    for (let c = i; c < i + 3; c++) pixels[c] = Math.max(pixels[c] as number, alpha) * gain
    pixels[i + 3] = 255
  }
  const count = pixels.length / 4
  return { pixels, gain, largest, share: changed / count, psnr: 10 * Math.log10((255 * 255 * 3 * count) / squares) }
}
