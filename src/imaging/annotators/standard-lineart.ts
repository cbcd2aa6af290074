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
  const contrasts = floatChannels(picture).map(channel => {
    const blurred = gaussianBlurFloat(channel, sigma).data
    return blurred.map((v, i) => v - (channel.data[i] as number))
  })
  const intensity = Float32Array.from({ length: width * height }, (_, i) => {
    const least = contrasts.reduce((low, plane) => Math.min(low, plane[i] as number), 255)
    return Math.max(0, least)
  })
  const lines = median(intensity.filter(v => v > intensityThreshold))
  const scale = Number.isNaN(lines) ? 16 : Math.max(16, lines)
  return {
    width,
    height,
    channels: 1,
    pixels: Uint8Array.from(intensity, v => clipToByte(fround(fround(v / scale) * 127))),
  }
}
