import { clipToByte } from '../numpy/round.js'
import { median } from '../numpy/statistics.js'
import { gaussianBlurFloat } from '../opencv/gaussian.js'
import type { Picture } from '../picture.js'
import { floatChannels } from './float-channels.js'

const { fround } = Math

/** What is darker than its surroundings in every channel, scaled so that a line of median strength becomes 127. */
export function standardLineart(
  picture: Picture,
  { sigma, intensityThreshold }: { sigma: number; intensityThreshold: number },
): Picture {
  const { width, height } = picture
  const intensity = new Float32Array(width * height).fill(255)
  for (const channel of floatChannels(picture)) {
    const blurred = gaussianBlurFloat(channel, sigma).data
    for (let i = 0; i < intensity.length; i++) {
      const contrast = fround((blurred[i] as number) - (channel.data[i] as number))
      intensity[i] = Math.max(0, Math.min(intensity[i] as number, contrast))
    }
  }
  const lines = median(intensity.filter(v => v > intensityThreshold))
  const scale = Number.isNaN(lines) ? 16 : Math.max(16, lines)
  const pixels = new Uint8Array(intensity.length)
  for (let i = 0; i < pixels.length; i++) pixels[i] = clipToByte(fround(fround((intensity[i] as number) / scale) * 127))
  return { width, height, channels: 1, pixels }
}
