import { uniformDoubles } from '../numpy/pcg64.js'
import { remap } from '../opencv/remap.js'
import { resizeCubic } from '../opencv/resize-float.js'
import type { Picture } from '../picture.js'

/** Distance of the random grid's points, in pixels. */
const GRID = 256

/** Content shuffle: the picture warped by two fields of smooth noise, so that only its colours and style are left. */
export function shuffle(picture: Picture, { seed }: { seed: number }): Picture {
  const { width, height } = picture
  const next = uniformDoubles(BigInt(seed))
  const field = (reach: number) => new Float32Array(noiseDisk({ width, height, next }).map(v => v * reach))
  return remap(picture, { width, height, x: field(width - 1), y: field(height - 1) })
}

/** Smooth noise that spans 0 to 1: uniform numbers on a coarse grid, enlarged by bicubic, without the outermost cells. */
export function noiseDisk({
  width,
  height,
  next,
}: {
  width: number
  height: number
  next: () => number
}): Float64Array {
  const columns = Math.floor(width / GRID) + 2
  const rows = Math.floor(height / GRID) + 2
  const grid = { width: columns, height: rows, data: Float64Array.from({ length: columns * rows }, () => next()) }
  const wide = resizeCubic(grid, { width: width + 2 * GRID, height: height + 2 * GRID })
  const cut = new Float64Array(width * height)
  for (let y = 0; y < height; y++) {
    const from = (y + GRID) * wide.width + GRID
    cut.set(wide.data.subarray(from, from + width), y * width)
  }
  const least = cut.reduce((low, v) => Math.min(low, v), Infinity)
  const span = cut.reduce((high, v) => Math.max(high, v - least), 0)
  return cut.map(v => (v - least) / span)
}
