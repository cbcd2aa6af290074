import { clipToByte } from '../numpy/round.js'
import { percentiles } from '../numpy/statistics.js'
import { type CannyThresholds, canny } from '../opencv/canny.js'
import { cvResize } from '../opencv/resize.js'
import { type FloatPlane, resizeLinear } from '../opencv/resize-float.js'
import { channelOf, type Picture } from '../picture.js'

const SCALES = [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]
const { fround } = Math

/**
 * Canny at nine sizes, from a fifth of the picture to all of it, on each colour alone: every size takes a quarter of the sum that
 * the smaller ones left. The 1st to the 99th percentile become 0 to 255.
 */
export function pyraCanny(picture: Picture, thresholds: CannyThresholds): Picture {
  const { width, height } = picture
  const [red, green, blue] = [0, 1, 2].map(c => accumulatedEdges(channelOf(picture, c), thresholds).data)
  const sum = new Float32Array(width * height)
  for (let i = 0; i < sum.length; i++) {
    sum[i] = fround((red?.[i] as number) + (green?.[i] as number)) + (blue?.[i] as number)
  }
  const [low = 0, high = 0] = percentiles(sum, [1, 99])
  const span = fround(high - low)
  const pixels = new Uint8Array(sum.length)
  for (let i = 0; i < sum.length; i++) {
    pixels[i] = clipToByte(fround(fround(fround((sum[i] as number) - low) / span) * 255))
  }
  return { width, height, channels: 1, pixels }
}

function accumulatedEdges(plane: Picture, thresholds: CannyThresholds): FloatPlane {
  let sum: FloatPlane | undefined
  for (const scale of SCALES) {
    const width = Math.trunc(plane.width * scale)
    const height = Math.trunc(plane.height * scale)
    const edges = canny(cvResize(plane, { width, height, interpolation: 'area' }), thresholds)
    if (sum === undefined) {
      sum = { width, height, data: new Float32Array(edges.pixels).map(v => v / 255) }
      continue
    }
    const { data } = resizeLinear(sum, { width, height })
    sum = { width, height, data: data.map((v, i) => fround(v * 0.75) + (edges.pixels[i] === 255 ? 0.25 : 0)) }
  }
  return sum ?? { width: 0, height: 0, data: new Float32Array() }
}
