import { interpolate } from '../interpolate.js'
import type { Mask } from '../mask.js'
import type { Picture } from '../picture.js'
import { fromPixelsUnit, type ImageTensor } from '../tensor.js'

/**
 * The hint of an inpainting ControlNet (node `InpaintPreprocessor`): the picture in 0 to 1, where the mask is above a half −1, or 0
 * for the networks that want `black`.
 */
export function inpaintHint(picture: Picture, mask: Mask, { black = false }: { black?: boolean } = {}): ImageTensor {
  const { width, height } = picture
  const hint = fromPixelsUnit([picture])
  const full = interpolate(mask, { width, height, mode: 'bilinear' })
  for (const [i, value] of full.data.entries()) {
    if (value > 0.5) for (let c = 0; c < 3; c++) hint.data[c * width * height + i] = black ? 0 : -1
  }
  return hint
}
