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

/** The source pixels that an output pixel covers, and how much of it each fills. */
interface Cover {
  first: number
  weights: Float32Array
}

function coversOf(source: number, target: number): Cover[] {
  const scale = scaleOf(source, target)
  return Array.from({ length: target }, (_, d) => {
    const start = d * scale
    const end = start + scale
    const cell = Math.min(scale, source - start)
    const lastWhole = Math.min(Math.floor(end), source - 1)
    const firstWhole = Math.min(Math.ceil(start), lastWhole)
    const weights: number[] = Array.from({ length: lastWhole - firstWhole }, () => 1 / cell)
    // Slivers below a thousandth of a pixel do not count.
    const before = firstWhole - start > 1e-3
    if (before) weights.unshift((firstWhole - start) / cell)
    if (end - lastWhole > 1e-3) weights.push(Math.min(end - lastWhole, 1, cell) / cell)
    return { first: before ? firstWhole - 1 : firstWhole, weights: Float32Array.from(weights) }
  })
}

/** Sums in float32, along the row first. */
function fractions(picture: Picture, { width, height }: { width: number; height: number }): Picture {
  const { channels } = picture
  const covers = coversOf(picture.width, width)
  const row = width * channels
  const narrow = new Float32Array(picture.height * row)
  for (let y = 0; y < picture.height; y++) {
    for (const [x, { first, weights }] of covers.entries()) {
      for (let c = 0; c < channels; c++) {
        const from = (y * picture.width + first) * channels + c
        let sum = 0
        for (let k = 0; k < weights.length; k++) {
          sum = fround(sum + fround((picture.pixels[from + k * channels] as number) * (weights[k] as number)))
        }
        narrow[y * row + x * channels + c] = sum
      }
    }
  }
  const pixels = new Uint8Array(height * row)
  for (const [y, { first, weights }] of coversOf(picture.height, height).entries()) {
    for (let i = 0; i < row; i++) {
      let sum = 0
      for (let k = 0; k < weights.length; k++) {
        sum = fround(sum + fround((narrow[(first + k) * row + i] as number) * (weights[k] as number)))
      }
      pixels[y * row + i] = saturate(rint(sum))
    }
  }
  return { width, height, channels, pixels }
}
