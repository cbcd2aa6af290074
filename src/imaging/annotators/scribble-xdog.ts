import { clipToByte } from '../numpy/round.js'
import { gaussianBlurFloat } from '../opencv/gaussian.js'
import type { Picture } from '../picture.js'
import { floatChannels } from './float-channels.js'

const { fround } = Math

/**
 * Lines as a difference of Gaussians (after Winnemöller 2011, extended DoG): white where twice the contrast is above the
 * threshold. The original doubles a byte, which wraps at 256: contrasts of 128 and more become holes, and so they do here.
 */
export function scribbleXdog(picture: Picture, { threshold }: { threshold: number }): Picture {
  const { width, height } = picture
  const channels = floatChannels(picture)
  const fine = channels.map(channel => gaussianBlurFloat(channel, 0.5).data)
  const coarse = channels.map(channel => gaussianBlurFloat(channel, 5).data)
  const pixels = new Uint8Array(width * height)
  for (let i = 0; i < pixels.length; i++) {
    let least = Number.POSITIVE_INFINITY
    for (const [c, plane] of fine.entries())
      least = Math.min(least, fround((coarse[c]?.[i] ?? 0) - (plane[i] as number)))
    const contrast = 255 - clipToByte(fround(255 - least))
    pixels[i] = ((2 * contrast) & 255) > threshold ? 255 : 0
  }
  return { width, height, channels: 1, pixels }
}
