/**
 * How far one picture is moved, turned or stretched against another, to a fraction of a pixel: the affine motion that explains most
 * of their difference to first order. Lucas & Kanade, An Iterative Image Registration Technique, IJCAI 1981; one step, so that
 * what it says of more than a pixel is only that it is more.
 */
import { gaussianBlur, gaussianKernel } from './gaussian.js'
import { luma } from './luma.js'
import type { Picture } from './picture.js'

export interface Motion {
  /** Pixels by which the middle moved. */
  shift: number
  /** Pixels by which the middle of an edge moved against the middle of the picture. */
  warp: number
}

const KERNEL = gaussianKernel(7)

/** Against directions in which nothing is to be seen: share of the mean diagonal that is added to it. */
const DAMPING = 1e-3

export function motionBetween(golden: Picture, candidate: Picture): Motion {
  const width = golden.width - KERNEL.length + 1
  const height = golden.height - KERNEL.length + 1
  if (width < 3 || height < 3) return { shift: 0, warp: 0 }
  const blurred = (picture: Picture) =>
    gaussianBlur(luma(picture), { width: picture.width, height: picture.height, kernel: KERNEL })
  const g = blurred(golden)
  const c = blurred(candidate)
  const normal = Array.from({ length: 6 }, () => new Float64Array(6))
  const right = new Float64Array(6)
  const row = new Float64Array(6)
  for (let y = 1; y < height - 1; y++) {
    const v = (2 * y) / (height - 1) - 1
    for (let x = 1; x < width - 1; x++) {
      const i = y * width + x
      const u = (2 * x) / (width - 1) - 1
      const dx = ((g[i + 1] as number) - (g[i - 1] as number)) / 2
      const dy = ((g[i + width] as number) - (g[i - width] as number)) / 2
      row.set([dx, dy, dx * u, dx * v, dy * u, dy * v])
      const off = (g[i] as number) - (c[i] as number)
      for (let a = 0; a < 6; a++) {
        const line = normal[a] as Float64Array
        const value = row[a] as number
        right[a] = (right[a] as number) + value * off
        for (let b = 0; b <= a; b++) line[b] = (line[b] as number) + value * (row[b] as number)
      }
    }
  }
  const [sx = 0, sy = 0, ...affine] = solveSymmetric(normal, right)
  return { shift: Math.hypot(sx, sy), warp: Math.max(...affine.map(Math.abs)) }
}

/** Cholesky's decomposition of the lower half, damped; zeros where there is nothing to be seen at all. */
function solveSymmetric(lower: readonly Float64Array[], right: Float64Array): number[] {
  const n = right.length
  const at = (row: number, column: number) => lower[row]?.[column] ?? 0
  const trace = lower.reduce((sum, _, i) => sum + at(i, i), 0)
  if (trace <= 0) return Array.from(right, () => 0)
  const damped = (DAMPING * trace) / n
  const l = Array.from({ length: n }, () => new Float64Array(n))
  const of = (row: number, column: number) => l[row]?.[column] ?? 0
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = at(i, j) + (i === j ? damped : 0)
      for (let k = 0; k < j; k++) sum -= of(i, k) * of(j, k)
      ;(l[i] as Float64Array)[j] = i === j ? Math.sqrt(sum) : sum / of(j, j)
    }
  }
  const half: number[] = []
  for (let i = 0; i < n; i++) {
    let sum = right[i] as number
    for (let k = 0; k < i; k++) sum -= of(i, k) * (half[k] ?? 0)
    half.push(sum / of(i, i))
  }
  const solution = Array.from({ length: n }, () => 0)
  for (let i = n - 1; i >= 0; i--) {
    let sum = half[i] ?? 0
    for (let k = i + 1; k < n; k++) sum -= of(k, i) * (solution[k] ?? 0)
    solution[i] = sum / of(i, i)
  }
  return solution
}
