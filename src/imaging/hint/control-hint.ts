import { centreCrop, interpolate } from '../interpolate.js'
import type { Picture } from '../picture.js'
import { fromPixelsUnit, type ImageTensor } from '../tensor.js'

/**
 * A control map as a ControlNet gets it: values 0 to 1, cut about the centre to the latent's aspect and resized by nearest-exact
 * to the size in pixels (`comfy/controlnet.py`).
 */
export function controlHint(map: Picture, { width, height }: { width: number; height: number }): ImageTensor {
  const { data } = fromPixelsUnit([map])
  const cut = centreCrop({ width: map.width, height: map.height, data }, { width, height })
  return { shape: [1, 3, height, width], data: interpolate(cut, { width, height, mode: 'nearest-exact' }).data }
}
