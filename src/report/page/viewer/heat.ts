import { bitmapOf, type ReadableBitmap } from '../pictures.js'
import type { SimilarityMap } from './similarity.js'

/** Dissimilarity as heat: nothing, then blue, red, yellow. Stops of 1 − SSIM with red, green, blue and opacity. */
const STOPS = [
  { at: 0, colour: [30, 60, 160, 0] },
  { at: 0.05, colour: [45, 80, 220, 0.55] },
  { at: 0.25, colour: [190, 40, 150, 0.75] },
  { at: 0.5, colour: [245, 80, 50, 0.88] },
  { at: 1, colour: [255, 225, 80, 0.96] },
] as const

/** For the legend, as a gradient of CSS. */
export const HEAT_GRADIENT = `linear-gradient(to right, ${STOPS.map(({ at, colour: [r, g, b] }) => `rgb(${r} ${g} ${b}) ${at * 100}%`).join(', ')})`

/** The candidate in grey with the heat of what is not alike over it. */
export function heatMap(candidate: ReadableBitmap, map: SimilarityMap): ReadableBitmap {
  const { width, height, pixels } = candidate
  const result = new Uint8ClampedArray(pixels.length)
  for (let y = 0; y < height; y++) {
    const row = Math.min(Math.max(y - map.border, 0), map.height - 1) * map.width
    for (let x = 0; x < width; x++) {
      const i = (y * width + x) * 4
      const similarity = map.values[row + Math.min(Math.max(x - map.border, 0), map.width - 1)] as number
      const [red, green, blue, opacity] = colourOf(1 - similarity)
      const light =
        0.299 * (pixels[i] as number) + 0.587 * (pixels[i + 1] as number) + 0.114 * (pixels[i + 2] as number)
      const grey = 24 + light * 0.45
      result[i] = grey + (red - grey) * opacity
      result[i + 1] = grey + (green - grey) * opacity
      result[i + 2] = grey + (blue - grey) * opacity
      result[i + 3] = 255
    }
  }
  return bitmapOf(width, height, result)
}

function colourOf(heat: number): readonly [number, number, number, number] {
  const above = STOPS.findIndex(({ at }) => at > heat)
  const high = STOPS[above === -1 ? STOPS.length - 1 : above]
  const low = STOPS[Math.max(0, (above === -1 ? STOPS.length : above) - 1)]
  if (high === undefined || low === undefined || high === low) return (high ?? STOPS[0]).colour
  const share = (heat - low.at) / (high.at - low.at)
  const between = (i: 0 | 1 | 2 | 3) => low.colour[i] + (high.colour[i] - low.colour[i]) * share
  return [between(0), between(1), between(2), between(3)]
}
