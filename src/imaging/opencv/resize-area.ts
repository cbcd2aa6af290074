import { rint, saturate } from '../numpy/round.js'
import type { Picture } from '../picture.js'
import { scaleOf } from './taps.js'

const { fround } = Math

/** `cv::resize` with `INTER_AREA` where neither side grows: the mean of the pixels that an output pixel covers. */
export function resizeArea(picture: Picture, { width, height }: { width: number; height: number }): Picture {
  const whole = picture.width % width === 0 && picture.height % height === 0
  return whole ? wholeFactors(picture, { width, height }) : fractions(picture, { width, height })
}

function wholeFactors(picture: Picture, { width, height }: { width: number; height: number }): Picture {
  const { channels } = picture
  const across = picture.width / width
  const down = picture.height / height
  const share = fround(1 / (across * down))
  const round =
    across === 2 && down === 2 ? (sum: number) => (sum + 2) >> 2 : (sum: number) => rint(fround(sum * share))
  const pixels = new Uint8Array(width * height * channels)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0
        for (let dy = 0; dy < down; dy++) {
          const from = ((y * down + dy) * picture.width + x * across) * channels + c
          for (let dx = 0; dx < across; dx++) sum += picture.pixels[from + dx * channels] as number
        }
        pixels[(y * width + x) * channels + c] = round(sum)
      }
    }
  }
  return { width, height, channels, pixels }
}

/** The source pixels that each output pixel covers, one after the other, and how much of it each fills. */
interface Covers {
  /** Where the pixels of output position d begin in `weights`; one more at the end. */
  starts: Int32Array
  /** The first source pixel of each output position. */
  firsts: Int32Array
  weights: Float32Array
}

function coversOf(source: number, target: number): Covers {
  const scale = scaleOf(source, target)
  const starts = new Int32Array(target + 1)
  const firsts = new Int32Array(target)
  const weights: number[] = []
  for (let d = 0; d < target; d++) {
    const start = d * scale
    const end = start + scale
    const cell = Math.min(scale, source - start)
    const lastWhole = Math.min(Math.floor(end), source - 1)
    const firstWhole = Math.min(Math.ceil(start), lastWhole)
    // Slivers below a thousandth of a pixel do not count.
    const before = firstWhole - start > 1e-3
    firsts[d] = before ? firstWhole - 1 : firstWhole
    if (before) weights.push((firstWhole - start) / cell)
    for (let whole = firstWhole; whole < lastWhole; whole++) weights.push(1 / cell)
    if (end - lastWhole > 1e-3) weights.push(Math.min(end - lastWhole, 1, cell) / cell)
    starts[d + 1] = weights.length
  }
  return { starts, firsts, weights: Float32Array.from(weights) }
}

/** Sums in float32, along the row first. */
function fractions(picture: Picture, { width, height }: { width: number; height: number }): Picture {
  const { channels } = picture
  const row = width * channels
  const narrow = narrowed(picture, width)
  const { starts, firsts, weights } = coversOf(picture.height, height)
  const pixels = new Uint8Array(height * row)
  const sums = new Float32Array(row)
  for (let y = 0; y < height; y++) {
    sums.fill(0)
    const begin = starts[y] as number
    for (let k = begin; k < (starts[y + 1] as number); k++) {
      const from = ((firsts[y] as number) + k - begin) * row
      const weight = weights[k] as number
      for (let i = 0; i < row; i++) sums[i] = (sums[i] as number) + fround((narrow[from + i] as number) * weight)
    }
    for (let i = 0; i < row; i++) pixels[y * row + i] = saturate(rint(sums[i] as number))
  }
  return { width, height, channels, pixels }
}

/** Every row of the picture at the new width. */
function narrowed({ width: from, height, channels, pixels }: Picture, width: number): Float32Array {
  const { starts, firsts, weights } = coversOf(from, width)
  const narrow = new Float32Array(height * width * channels)
  let to = 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const begin = starts[x] as number
      const end = starts[x + 1] as number
      const first = (y * from + (firsts[x] as number)) * channels
      for (let c = 0; c < channels; c++) {
        let sum = 0
        for (let k = begin; k < end; k++) {
          sum = fround(sum + fround((pixels[first + (k - begin) * channels + c] as number) * (weights[k] as number)))
        }
        narrow[to++] = sum
      }
    }
  }
  return narrow
}
