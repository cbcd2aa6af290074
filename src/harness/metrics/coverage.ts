/** Metrics of pictures that are drawn on nothing: masks, control maps, alpha. */
import { luma } from './luma.js'
import { assertSameShape, type Picture } from './picture.js'

/** Luma from which a pixel counts as drawn. */
const DRAWN = 128

/**
 * Intersection over union of what is drawn, 0 to 1 (Jaccard 1912); 1 where nothing is drawn on either. With a reach, a pixel
 * counts as common where the other picture has one within as many pixels: lines may move by rounding.
 */
export function overlap(a: Picture, b: Picture, { reach = 0 } = {}): number {
  assertSameShape(a, b)
  const [x, y] = [luma(a), luma(b)]
  const { width, height } = a
  const near = (values: Float64Array, at: number) => {
    const [column, row] = [at % width, Math.floor(at / width)]
    for (let v = Math.max(0, row - reach); v <= Math.min(height - 1, row + reach); v++) {
      for (let u = Math.max(0, column - reach); u <= Math.min(width - 1, column + reach); u++) {
        if ((values[v * width + u] as number) >= DRAWN) return true
      }
    }
    return false
  }
  let common = 0
  let all = 0
  for (let i = 0; i < x.length; i++) {
    const ours = (x[i] as number) >= DRAWN
    const theirs = (y[i] as number) >= DRAWN
    if (!ours && !theirs) continue
    all++
    if ((!ours || near(y, i)) && (!theirs || near(x, i))) common++
  }
  return all === 0 ? 1 : common / all
}

/** Mean difference of the alpha channels, in 8-bit levels. */
export function alphaDistance(a: Picture, b: Picture): number {
  assertSameShape(a, b)
  let sum = 0
  for (let i = 3; i < a.pixels.length; i += 4) sum += Math.abs((a.pixels[i] as number) - (b.pixels[i] as number))
  return (sum * 4) / a.pixels.length
}

/** The picture over mid grey: what is transparent has no colour that counts. */
export function flattened({ width, height, channels, pixels }: Picture): Picture {
  if (channels !== 4) return { width, height, channels, pixels }
  const result = new Uint8Array(width * height * 3)
  for (let from = 0, to = 0; to < result.length; from += 4, to += 3) {
    const alpha = (pixels[from + 3] as number) / 255
    for (let k = 0; k < 3; k++) result[to + k] = Math.round((pixels[from + k] as number) * alpha + 128 * (1 - alpha))
  }
  return { width, height, channels: 3, pixels: result }
}
