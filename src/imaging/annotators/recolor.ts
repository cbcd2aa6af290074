import { clipToByte } from '../numpy/round.js'
import { rgbToLightness, rgbToValue } from '../opencv/colour.js'
import type { Picture } from '../picture.js'

const { fround } = Math

/** Lightness for recolouring. The original takes the picture for BGR, so that red weighs what blue should: kept. */
export function recolorLuminance(picture: Picture, { gamma }: { gamma: number }): Picture {
  const { pixels } = picture
  const swapped = pixels.map((_, i) => pixels[i + 2 - 2 * (i % 3)] as number)
  return withGamma(rgbToLightness({ ...picture, pixels: swapped }), gamma)
}

/** The strongest channel, for recolouring. */
export function recolorIntensity(picture: Picture, { gamma }: { gamma: number }): Picture {
  return withGamma(rgbToValue(picture), gamma)
}

function withGamma(map: Picture, gamma: number): Picture {
  const curve = Uint8Array.from({ length: 256 }, (_, v) => gammaByte(v, gamma))
  return { ...map, pixels: map.pixels.map(v => curve[v] as number) }
}

/** 255·(v/255)^gamma in float32, cut off. */
export function gammaByte(v: number, gamma: number): number {
  return clipToByte(fround(fround(fround(v / 255) ** fround(gamma)) * 255))
}
