/**
 * What was done to all of a picture's tones at once: contrast, saturation and hue, by regression on the golden. Local windows see a
 * few levels of it and may take them for an encoder's; over all pixels an encoder's errors cancel and a change of tone does not.
 */
import { luma, mean } from './luma.js'
import type { Picture } from './picture.js'

export interface Tone {
  /** Gain of the luma about its mean. */
  contrast: number
  /** Gain of the chroma about grey. */
  saturation: number
  /** Turn of the chroma, in degrees. */
  hue: number
}

/** Root mean square chroma (levels of Cb and Cr) below which a picture has no colour that could change. */
const GREY = 2

/** Standard deviation of the luma below which it has no contrast. */
const FLAT = 2

export function toneBetween(golden: Picture, candidate: Picture): Tone {
  const [g, c] = [luma(golden), luma(candidate)]
  const centre = mean(g)
  let [variance, covariance] = [0, 0]
  for (let i = 0; i < g.length; i++) {
    const off = (g[i] as number) - centre
    variance += off * off
    covariance += off * (c[i] as number)
  }
  const contrast = Math.sqrt(variance / g.length) < FLAT ? 1 : covariance / variance
  return { contrast, ...chromaBetween(golden, candidate, { g, c }) }
}

/** Chroma as complex numbers Cb + i·Cr: the slope of one on the other is a gain and a turn. */
function chromaBetween(
  golden: Picture,
  candidate: Picture,
  { g, c }: { g: Float64Array; c: Float64Array },
): Pick<Tone, 'saturation' | 'hue'> {
  const { channels } = golden
  if (channels < 3) return { saturation: 1, hue: 0 }
  let [energy, real, imaginary] = [0, 0, 0]
  for (let i = 0, at = 0; i < g.length; i++, at += channels) {
    const yg = g[i] as number
    const yc = c[i] as number
    const bg = 0.564 * ((golden.pixels[at + 2] as number) - yg)
    const rg = 0.713 * ((golden.pixels[at] as number) - yg)
    const bc = 0.564 * ((candidate.pixels[at + 2] as number) - yc)
    const rc = 0.713 * ((candidate.pixels[at] as number) - yc)
    energy += bg * bg + rg * rg
    real += bg * bc + rg * rc
    imaginary += bg * rc - rg * bc
  }
  if (Math.sqrt(energy / g.length) < GREY) return { saturation: 1, hue: 0 }
  return {
    saturation: Math.hypot(real, imaginary) / energy,
    hue: (Math.atan2(imaginary, real) * 180) / Math.PI,
  }
}
