/** Resizing of float planes as `torch.nn.functional.interpolate` does it (`align_corners=False`, no antialiasing), in float32. */

import { rint } from './numpy/round.js'

export type InterpolateMode = 'bilinear' | 'nearest-exact' | 'area'

/** Planes of one size, one after the other, e.g. a batch of masks or the channels of a latent. */
export interface Planes {
  width: number
  height: number
  /** A multiple of width·height values. */
  data: Float32Array
}

const { fround } = Math

export interface InterpolateRequest {
  width: number
  height: number
  mode: InterpolateMode
}

/** The planes at another size. */
export function interpolate(planes: Planes, { width, height, mode }: InterpolateRequest): Planes {
  const count = planes.data.length / (planes.width * planes.height)
  const columns = AXES[mode](planes.width, width)
  const rows = AXES[mode](planes.height, height)
  const sample = mode === 'area' ? mean : weighted
  const data = new Float32Array(count * width * height)
  let to = 0
  for (let n = 0; n < count; n++) {
    const plane = planes.data.subarray(n * planes.width * planes.height, (n + 1) * planes.width * planes.height)
    for (const row of rows) for (const column of columns) data[to++] = sample(plane, planes.width, row, column)
  }
  return { width, height, data }
}

/** The planes cut about their centre to the aspect of a size, as ComfyUI's `common_upscale` does before it resizes. */
export function centreCrop(planes: Planes, target: { width: number; height: number }): Planes {
  const { width, height } = planes
  const have = width / height
  const want = target.width / target.height
  const x = have > want ? rint((width - width * (want / have)) / 2) : 0
  const y = have < want ? rint((height - height * (have / want)) / 2) : 0
  return cutOut(planes, { x, y, width: width - 2 * x, height: height - 2 * y })
}

/** A window of every plane. */
export function cutOut({ width, height, data }: Planes, window: Window): Planes {
  if (window.width === width && window.height === height) return { width, height, data }
  const count = data.length / (width * height)
  const cut = new Float32Array(count * window.width * window.height)
  let to = 0
  for (let n = 0; n < count; n++) {
    for (let y = 0; y < window.height; y++, to += window.width) {
      const from = (n * height + y + window.y) * width + window.x
      cut.set(data.subarray(from, from + window.width), to)
    }
  }
  return { width: window.width, height: window.height, data: cut }
}

/** A part of a plane. */
export interface Window {
  x: number
  y: number
  width: number
  height: number
}

/** Source positions `first` to `last` of an output position; `weight` is the last one's where there are two. */
interface Span {
  first: number
  last: number
  weight: number
}

const AXES: Readonly<Record<InterpolateMode, (source: number, target: number) => Span[]>> = {
  bilinear: (source, target) =>
    spans(target, at => {
      const scale = fround(source / target)
      const position = Math.max(0, fround(fround(scale * fround(at + 0.5)) - 0.5))
      const first = Math.min(source - 1, Math.floor(position))
      return { first, last: Math.min(source - 1, first + 1), weight: fround(position - first) }
    }),
  'nearest-exact': (source, target) =>
    spans(target, at => {
      const first = Math.min(source - 1, Math.floor(fround(fround(at + 0.5) * fround(source / target))))
      return { first, last: first, weight: 0 }
    }),
  area: (source, target) =>
    spans(target, at => ({
      first: Math.floor((at * source) / target),
      last: Math.ceil(((at + 1) * source) / target) - 1,
      weight: 0,
    })),
}

function spans(target: number, span: (at: number) => Span): Span[] {
  return Array.from({ length: target }, (_, at) => span(at))
}

function weighted(plane: Float32Array, width: number, row: Span, column: Span): number {
  const across = (y: number): number => {
    const left = plane[y * width + column.first] as number
    const right = plane[y * width + column.last] as number
    return fround(fround(left * fround(1 - column.weight)) + fround(right * column.weight))
  }
  if (row.weight === 0) return across(row.first)
  return fround(fround(across(row.first) * fround(1 - row.weight)) + fround(across(row.last) * row.weight))
}

function mean(plane: Float32Array, width: number, row: Span, column: Span): number {
  let sum = 0
  for (let y = row.first; y <= row.last; y++) {
    for (let x = column.first; x <= column.last; x++) sum = fround(sum + (plane[y * width + x] as number))
  }
  const height = row.last - row.first + 1
  return fround(fround(sum / height) / (column.last - column.first + 1))
}
