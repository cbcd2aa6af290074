import type { Picture } from '../picture.js'

export interface CannyThresholds {
  /** Whole numbers, compared with |dx| + |dy|; the smaller one is the lower. */
  low: number
  high: number
}

/**
 * `cv::Canny` (Canny 1986), aperture 3, L1 magnitude: Sobel, non-maximum suppression in four directions, hysteresis over eight
 * neighbours. Of several channels the strongest gradient counts. Edges are 255, the rest 0.
 */
export function canny(picture: Picture, thresholds: CannyThresholds): Picture {
  const { width, height } = picture
  const low = Math.min(thresholds.low, thresholds.high)
  const high = Math.max(thresholds.low, thresholds.high)
  const { dx, dy, magnitude } = gradients(picture)
  const stride = width + 2
  const candidate = new Uint8Array(width * height)
  const edges = new Uint8Array(width * height)
  const open: number[] = []
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x
      const at = (y + 1) * stride + x + 1
      const m = magnitude[at] as number
      if (m <= low || !isMaximum(magnitude, { at, stride, dx: dx[i] as number, dy: dy[i] as number })) continue
      candidate[i] = 1
      if (m > high) {
        edges[i] = 255
        open.push(i)
      }
    }
  }
  for (let i = open.pop(); i !== undefined; i = open.pop()) {
    const x = i % width
    const y = (i - x) / width
    for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++) {
      for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
        const neighbour = ny * width + nx
        if (candidate[neighbour] !== 1 || edges[neighbour] === 255) continue
        edges[neighbour] = 255
        open.push(neighbour)
      }
    }
  }
  return { width, height, channels: 1, pixels: edges }
}

interface Gradients {
  dx: Int32Array
  dy: Int32Array
  /** With a rim of zeros around: (width + 2)·(height + 2). */
  magnitude: Int32Array
}

/** Sobel 3×3 over replicated borders. */
function gradients({ width, height, channels, pixels }: Picture): Gradients {
  const dx = new Int32Array(width * height)
  const dy = new Int32Array(width * height)
  const magnitude = new Int32Array((width + 2) * (height + 2))
  const row = width * channels
  for (let y = 0; y < height; y++) {
    const up = Math.max(0, y - 1) * row
    const here = y * row
    const down = Math.min(height - 1, y + 1) * row
    for (let x = 0; x < width; x++) {
      const i = y * width + x
      let strongest = -1
      for (let c = 0; c < channels; c++) {
        const left = Math.max(0, x - 1) * channels + c
        const middle = x * channels + c
        const right = Math.min(width - 1, x + 1) * channels + c
        const a = pixels[up + left] as number
        const b = pixels[up + right] as number
        const e = pixels[down + left] as number
        const f = pixels[down + right] as number
        const gx = b - a + 2 * ((pixels[here + right] as number) - (pixels[here + left] as number)) + f - e
        const gy = e - a + 2 * ((pixels[down + middle] as number) - (pixels[up + middle] as number)) + f - b
        const m = Math.abs(gx) + Math.abs(gy)
        if (m <= strongest) continue
        strongest = m
        dx[i] = gx
        dy[i] = gy
      }
      magnitude[(y + 1) * (width + 2) + x + 1] = strongest
    }
  }
  return { dx, dy, magnitude }
}

/** tan 22.5° · 2^15 */
const TAN22 = 13573

/** Is the gradient at least as strong as at the two neighbours along its direction? Ties go to the left or upper one. */
function isMaximum(
  magnitude: Int32Array,
  { at, stride, dx, dy }: { at: number; stride: number; dx: number; dy: number },
): boolean {
  const m = magnitude[at] as number
  const x = Math.abs(dx)
  const y = Math.abs(dy) << 15
  if (y < x * TAN22) return m > (magnitude[at - 1] as number) && m >= (magnitude[at + 1] as number)
  if (y > x * TAN22 + (x << 16))
    return m > (magnitude[at - stride] as number) && m >= (magnitude[at + stride] as number)
  const side = (dx ^ dy) < 0 ? -1 : 1
  return m > (magnitude[at - stride - side] as number) && m > (magnitude[at + stride + side] as number)
}
