import { deviation } from './luma.js'
import type { Picture } from './picture.js'

/**
 * How far the pixels of the liveliest channel deviate from their mean, 0 to 127.5: 0 is a blank picture. Luma would not do: a red
 * ring on blue is as bright as its ground.
 */
export function spread({ pixels, channels }: Picture): number {
  const count = pixels.length / channels
  return Math.max(
    ...Array.from({ length: Math.min(channels, 3) }, (_, channel) =>
      deviation(Float64Array.from({ length: count }, (_, i) => pixels[i * channels + channel] as number)),
    ),
  )
}
