import type { Picture } from '../picture.js'

/** Otsu's threshold (1979) of a grey picture: the first value that best parts it into two classes, 0 where it has but one. */
export function otsuThreshold({ pixels }: Picture): number {
  const counts = new Float64Array(256)
  for (const v of pixels) counts[v] = (counts[v] as number) + 1
  const mean = counts.reduce((sum, count, v) => sum + v * count, 0) / pixels.length
  const epsilon = 2 ** -23
  let best = 0
  let threshold = 0
  let below = 0
  let meanBelow = 0
  for (const [v, count] of counts.entries()) {
    const share = count / pixels.length
    meanBelow *= below
    below += share
    const above = 1 - below
    if (Math.min(below, above) < epsilon || Math.max(below, above) > 1 - epsilon) continue
    meanBelow = (meanBelow + v * share) / below
    const meanAbove = (mean - below * meanBelow) / above
    const variance = below * above * (meanBelow - meanAbove) ** 2
    if (variance > best) {
      best = variance
      threshold = v
    }
  }
  return threshold
}

/** 255 where a value is above the threshold, 0 elsewhere. */
export function above({ width, height, channels, pixels }: Picture, threshold: number): Picture {
  return { width, height, channels, pixels: pixels.map(v => (v > threshold ? 255 : 0)) }
}
