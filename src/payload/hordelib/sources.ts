/** Sizes of source pictures (`resize_sources_to_request`, `ImageUtils.shrink_image`); the pixels are `imaging`'s. */
import type { Size } from '../job.js'
import { firstPassMin } from './hires.js'

export interface SourceRequest extends Size {
  hires: boolean
  control: boolean
  /** First pass as the payload gives it; it counts only where both sides are given. */
  firstWidth: number | null
  firstHeight: number | null
}

/** Size that a source picture is brought to: that of the first pass by the rule of SD1, whatever the family. */
export function sourceSize({ width, height, hires, control, firstWidth, firstHeight }: SourceRequest): Size {
  if (hires && !control && firstWidth !== null && firstHeight !== null)
    return { width: firstWidth, height: firstHeight }
  return hires || control ? firstPassMin({ width, height }) : { width, height }
}

/**
 * Size of a picture that is to fit into another: unchanged unless it is larger in both sides. With `keepAspect` it covers
 * the wanted size.
 */
export function shrunkSize(image: Size, wanted: Size, keepAspect: boolean): Size {
  if (wanted.width >= image.width || wanted.height >= image.height) return image
  if (!keepAspect) return wanted
  const scale = Math.max(wanted.width / image.width, wanted.height / image.height)
  return { width: Math.trunc(image.width * scale), height: Math.trunc(image.height * scale) }
}
