/** Says what happened to a picture, where something simple explains it: the golden with that done to it is nearly the picture. */
import type { Compared } from '../metrics/local-difference.js'
import type { Picture } from '../metrics/picture.js'
import { psnr } from '../metrics/psnr.js'
import { mapColours, mapValues, warp } from '../mutations/pixels.js'

/** Decibels by which an explanation must bring the golden closer. */
const CLOSER = 6

/** How close it must then be. */
const CLOSE = 28

/** Side of the middle that is looked at: what explains all of a picture explains that. */
const LARGEST = 96

/** E.g. `with red and blue swapped`; undefined where nothing simple explains it. */
export function diagnose({ golden, candidate }: Pick<Compared, 'golden' | 'candidate'>): string | undefined {
  const [g, c] = [middle(golden), middle(candidate)]
  const before = psnr(g, c)
  const explained = EXPLANATIONS.map(({ says, apply }) => ({ says, after: psnr(apply(g, c), c) }))
  const best = explained.reduce((a, b) => (b.after > a.after ? b : a))
  return best.after >= CLOSE && best.after >= before + CLOSER ? best.says : undefined
}

function middle({ width, height, channels, pixels }: Picture): Picture {
  const [w, h] = [Math.min(width, LARGEST), Math.min(height, LARGEST)]
  const [left, top] = [(width - w) >> 1, (height - h) >> 1]
  const part = new Uint8Array(w * h * channels)
  for (let y = 0; y < h; y++) {
    const from = ((top + y) * width + left) * channels
    part.set(pixels.subarray(from, from + w * channels), y * w * channels)
  }
  return { width: w, height: h, channels, pixels: part }
}

interface Explanation {
  says: string
  apply(golden: Picture, candidate: Picture): Picture
}

const swapped = (order: readonly [0 | 1 | 2, 0 | 1 | 2, 0 | 1 | 2]) => (golden: Picture) =>
  mapColours(golden, rgb => [rgb[order[0]], rgb[order[1]], rgb[order[2]]])

const moved = (dx: number, dy: number): Explanation => ({
  says: `moved by ${dx},${dy} pixels`,
  apply: golden => warp(golden, (x, y) => [x - dx, y - dy]),
})

const EXPLANATIONS: readonly Explanation[] = [
  { says: 'with red and blue swapped', apply: swapped([2, 1, 0]) },
  { says: 'with red and green swapped', apply: swapped([1, 0, 2]) },
  { says: 'with green and blue swapped', apply: swapped([0, 2, 1]) },
  { says: 'with its channels in another order (G, B, R)', apply: swapped([1, 2, 0]) },
  { says: 'with its channels in another order (B, R, G)', apply: swapped([2, 0, 1]) },
  { says: 'as a negative', apply: golden => mapValues(golden, value => 255 - value) },
  { says: 'mirrored left to right', apply: golden => warp(golden, (x, y) => [golden.width - 1 - x, y]) },
  { says: 'upside down', apply: golden => warp(golden, (x, y) => [x, golden.height - 1 - y]) },
  {
    says: 'turned by 180°',
    apply: golden => warp(golden, (x, y) => [golden.width - 1 - x, golden.height - 1 - y]),
  },
  { says: 'with another brightness or contrast', apply: matched },
  ...[-2, -1, -0.5, 0.5, 1, 2].flatMap(by => [moved(by, 0), moved(0, by), moved(by, by), moved(by, -by)]),
]

/** The golden with each channel's mean and contrast as the candidate has them. */
function matched(golden: Picture, candidate: Picture): Picture {
  const lines = Array.from({ length: golden.channels }, (_, channel) => {
    const [g, c] = [moments(golden, channel), moments(candidate, channel)]
    const gain = g.deviation === 0 ? 1 : c.deviation / g.deviation
    return { gain, offset: c.mean - gain * g.mean }
  })
  return mapValues(golden, (value, { channel }) => (lines[channel]?.gain ?? 1) * value + (lines[channel]?.offset ?? 0))
}

function moments({ pixels, channels }: Picture, channel: number): { mean: number; deviation: number } {
  let [sum, squares] = [0, 0]
  for (let i = channel; i < pixels.length; i += channels) {
    sum += pixels[i] as number
    squares += (pixels[i] as number) ** 2
  }
  const count = pixels.length / channels
  return { mean: sum / count, deviation: Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2)) }
}
