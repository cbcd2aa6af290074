import { assertSameShape, type Picture } from './picture.js'

/**
 * Peak signal-to-noise ratio in dB over all channels, peak 255: `10·log10(255² / MSE)`. `Infinity` for equal pictures.
 * Huynh-Thu & Ghanbari, Scope of validity of PSNR, Electronics Letters 44(13), 2008.
 */
export function psnr(a: Picture, b: Picture): number {
  assertSameShape(a, b)
  let squares = 0
  for (let i = 0; i < a.pixels.length; i++) squares += ((a.pixels[i] as number) - (b.pixels[i] as number)) ** 2
  return 10 * Math.log10((255 ** 2 * a.pixels.length) / squares)
}
