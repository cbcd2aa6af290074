/**
 * Perceptual hash: which picture is this? Grey, 32×32, discrete cosine transform, its 8×8 lowest frequencies, a bit each: above
 * the median or not. As Python's imagehash (`phash`) and Pillow compute it. Zauner, Implementation and Benchmarking of Perceptual
 * Image Hash Functions, 2010.
 */
import { resize } from '../../imaging/resize.js'
import type { Picture } from './picture.js'

const SIDE = 32
const LOW = 8

/** 64 bits, row by row of the frequencies. */
export function phash(picture: Picture): bigint {
  const grey = { width: picture.width, height: picture.height, channels: 1 as const, pixels: pillowGrey(picture) }
  const { pixels } = resize(grey, { width: SIDE, height: SIDE, filter: 'lanczos' })
  const low: number[] = []
  for (let v = 0; v < LOW; v++) {
    for (let u = 0; u < LOW; u++) {
      let sum = 0
      for (let y = 0; y < SIDE; y++) {
        for (let x = 0; x < SIDE; x++) sum += (pixels[y * SIDE + x] as number) * cosine(v, y) * cosine(u, x)
      }
      low.push(sum)
    }
  }
  const sorted = low.toSorted((a, b) => a - b)
  const median = ((sorted[(LOW * LOW) / 2 - 1] as number) + (sorted[(LOW * LOW) / 2] as number)) / 2
  return low.reduce((bits, value) => (bits << 1n) | (value > median ? 1n : 0n), 0n)
}

/** Bits in which two hashes differ, 0 to 64: up to 6 is the same picture, 10 and more another one. */
export function hashDistance(a: bigint, b: bigint): number {
  let [bits, count] = [a ^ b, 0]
  for (; bits > 0n; bits &= bits - 1n) count++
  return count
}

const COSINES = Float64Array.from({ length: LOW * SIDE }, (_, i) =>
  Math.cos((Math.PI * Math.floor(i / SIDE) * (2 * (i % SIDE) + 1)) / (2 * SIDE)),
)

function cosine(frequency: number, at: number): number {
  return COSINES[frequency * SIDE + at] as number
}

/** Pillow's `convert('L')`. */
function pillowGrey({ pixels, channels }: Picture): Uint8Array {
  if (channels < 3) return channels === 1 ? pixels : pixels.filter((_, i) => i % channels === 0)
  const grey = new Uint8Array(pixels.length / channels)
  for (let i = 0, at = 0; i < grey.length; i++, at += channels) {
    const [r, g, b] = [pixels[at] as number, pixels[at + 1] as number, pixels[at + 2] as number]
    grey[i] = (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16
  }
  return grey
}
