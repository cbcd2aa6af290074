import { deviation, luma, mean } from './luma.js'
import { assertSameShape, type Picture } from './picture.js'

/**
 * Zero-mean normalised cross-correlation of the lumas, −1 to 1: is it the same composition? Blind to colour and brightness.
 * Lewis, Fast Normalized Cross-Correlation, Vision Interface 1995. Two flat pictures are 1, a flat and a drawn one 0.
 */
export function ncc(a: Picture, b: Picture): number {
  assertSameShape(a, b)
  const [x, y] = [luma(a), luma(b)]
  const [centreX, centreY] = [mean(x), mean(y)]
  const spread = deviation(x) * deviation(y)
  if (spread === 0) return deviation(x) === deviation(y) ? 1 : 0
  let sum = 0
  for (let i = 0; i < x.length; i++) sum += ((x[i] as number) - centreX) * ((y[i] as number) - centreY)
  return sum / x.length / spread
}
