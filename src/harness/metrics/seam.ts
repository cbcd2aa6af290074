/** Straight edges through the whole picture that the golden has not: tiles that do not fit, bars, a row that was lost. */
import type { Compared } from './local-difference.js'
import { luma } from './luma.js'

/** Levels by which the mean of a column (row) may step against its neighbour, beyond the golden's own step. */
const FLOOR = 0.9

/** Multiple of the upload's own step nearby that is allowed. */
const UPLOAD = 2

const REACH = 2

export interface Seam {
  /** Multiple of what is allowed. */
  value: number
  direction: 'column' | 'row'
  /** First column or row behind it. */
  at: number
  /** Height of the step in 8-bit levels. */
  levels: number
}

export function worstSeam({ golden, candidate, upload = golden }: Compared): Seam {
  const { width, height } = golden
  const g = luma(golden)
  const profiles = (values: Float64Array) => {
    const columns = new Float64Array(width)
    const rows = new Float64Array(height)
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        const off = (values[i] as number) - (g[i] as number)
        columns[x] = (columns[x] as number) + off / height
        rows[y] = (rows[y] as number) + off / width
      }
    }
    return { column: columns, row: rows }
  }
  const [ours, uploads] = [profiles(luma(candidate)), profiles(luma(upload))]
  let worst: Seam = { value: 0, direction: 'column', at: 0, levels: 0 }
  for (const direction of ['column', 'row'] as const) {
    const step = (profile: Float64Array, at: number) => Math.abs((profile[at] ?? 0) - (profile[at - 1] ?? 0))
    const uploaded = uploads[direction]
    for (let at = 1; at < ours[direction].length; at++) {
      const levels = step(ours[direction], at)
      let nearby = 0
      for (let k = Math.max(1, at - REACH); k <= Math.min(uploaded.length - 1, at + REACH); k++) {
        nearby = Math.max(nearby, step(uploaded, k))
      }
      const value = levels / (FLOOR + UPLOAD * nearby)
      if (value > worst.value) worst = { value, direction, at, levels }
    }
  }
  return worst
}
