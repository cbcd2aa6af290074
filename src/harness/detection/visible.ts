/**
 * Whether a person would see that two pictures differ, by nothing that the gates measure: the distance of colours in CIELAB
 * (CIE 1976 ΔE), of which 2.3 is just noticeable. Mahy, Van Eycken & Oosterlinck, Evaluation of Uniform Color Spaces, Color Res.
 * Appl. 19(2), 1994.
 */
import type { Picture } from '../metrics/picture.js'

/** Twice just noticeable, in at least this share of the pixels … */
const CLEAR = 4.6
const CLEAR_SHARE = 0.001

/** … or a third of just noticeable on average: what covers a whole picture is seen sooner. */
const MEAN = 0.8

export function isVisible(a: Picture, b: Picture): boolean {
  const pixels = a.width * a.height
  let [clear, total] = [0, 0]
  for (let i = 0; i < pixels; i++) {
    const distance = colourDistance(lab(a, i), lab(b, i))
    if (distance >= CLEAR) clear++
    total += distance
  }
  return clear >= CLEAR_SHARE * pixels || total >= MEAN * pixels
}

type Lab = readonly [number, number, number]

function colourDistance(a: Lab, b: Lab): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])
}

/** Of sRGB under D65. */
export function lab({ pixels, channels }: Picture, index: number): Lab {
  const at = index * channels
  const linear = (k: number) => LINEAR[pixels[channels < 3 ? at : at + k] as number] as number
  const [r, g, b] = [linear(0), linear(1), linear(2)]
  const x = curve((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047)
  const y = curve(0.2126729 * r + 0.7151522 * g + 0.072175 * b)
  const z = curve((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883)
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
}

const LINEAR = Float64Array.from({ length: 256 }, (_, value) => {
  const c = value / 255
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
})

function curve(t: number): number {
  return t > (6 / 29) ** 3 ? Math.cbrt(t) : t / (3 * (6 / 29) ** 2) + 4 / 29
}
