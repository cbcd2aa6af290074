import { rgbToGrey } from '../opencv/colour.js'
import { above, otsuThreshold } from '../opencv/threshold.js'
import type { Picture } from '../picture.js'

/** White where the grey value is above the threshold; 0 and 255 let Otsu choose it. Light paper stays white. */
export function binary(picture: Picture, { threshold }: { threshold: number }): Picture {
  const grey = rgbToGrey(picture)
  return above(grey, threshold === 0 || threshold === 255 ? otsuThreshold(grey) : threshold)
}
