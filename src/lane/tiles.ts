/**
 * Pictures that do not fit into memory go through the VAE in tiles that fade into each other (`comfy/utils.py:
 * tiled_scale_multidim`, `comfy/sd.py: decode_tiled_`): three tilings, square, wide and tall, and their mean.
 */

export interface Planes {
  channels: number
  width: number
  height: number
  /** channels×height×width. */
  data: Float32Array
}

export interface TileOptions {
  /** Side of a square tile and the overlap of two, in pixels of the input. */
  tile: number
  overlap: number
  /** Output pixels for each input pixel: 8 for decoding, 1/8 for encoding. */
  scale: number
  run(tile: Planes): Promise<Planes>
}

export async function inTiles(planes: Planes, { tile, overlap, scale, run }: TileOptions): Promise<Planes> {
  const shapes = [
    { width: tile / 2, height: tile * 2 },
    { width: tile * 2, height: tile / 2 },
    { width: tile, height: tile },
  ]
  let sum: Planes | undefined
  for (const shape of shapes) {
    const tiling = await oneTiling(planes, { shape, overlap, scale, run })
    if (sum === undefined) sum = tiling
    else for (let i = 0; i < sum.data.length; i++) sum.data[i] = (sum.data[i] as number) + (tiling.data[i] as number)
  }
  if (sum === undefined) throw new Error('unreachable: there are three tilings')
  return { ...sum, data: sum.data.map(value => value / shapes.length) }
}

interface TilingOptions {
  shape: { width: number; height: number }
  overlap: number
  scale: number
  run(tile: Planes): Promise<Planes>
}

async function oneTiling(planes: Planes, { shape, overlap, scale, run }: TilingOptions): Promise<Planes> {
  const [width, height] = [Math.round(planes.width * scale), Math.round(planes.height * scale)]
  let sums = new Float32Array()
  let channels = 0
  const weights = new Float32Array(width * height)
  const feather = Math.round(overlap * scale)
  for (const y of starts(planes.height, shape.height, overlap)) {
    for (const x of starts(planes.width, shape.width, overlap)) {
      const done = await run(cut(planes, { x, y, ...shape }))
      channels = done.channels
      if (sums.length === 0) sums = new Float32Array(channels * width * height)
      const [left, top] = [Math.round(x * scale), Math.round(y * scale)]
      for (let row = 0; row < done.height; row++) {
        for (let column = 0; column < done.width; column++) {
          const weight = ramp(row, done.height, feather) * ramp(column, done.width, feather)
          const at = (top + row) * width + left + column
          weights[at] = (weights[at] as number) + weight
          for (let c = 0; c < channels; c++) {
            const to = c * width * height + at
            const from = (c * done.height + row) * done.width + column
            sums[to] = (sums[to] as number) + (done.data[from] as number) * weight
          }
        }
      }
    }
  }
  const plane = width * height
  return { channels, width, height, data: sums.map((value, i) => value / (weights[i % plane] as number)) }
}

/** Where tiles begin along an axis. The last one may be shorter. */
function starts(size: number, tile: number, overlap: number): number[] {
  if (size <= tile) return [0]
  const found: number[] = []
  for (let at = 0; at < size - overlap; at += tile - overlap) found.push(at)
  return found
}

/** Weight of a pixel: rises over the first `feather` pixels of a tile and falls over the last. */
function ramp(i: number, size: number, feather: number): number {
  if (feather >= size) return 1
  return Math.min(1, (i + 1) / feather) * Math.min(1, (size - i) / feather)
}

function cut(planes: Planes, { x, y, width, height }: { x: number; y: number; width: number; height: number }): Planes {
  const size = { width: Math.min(width, planes.width - x), height: Math.min(height, planes.height - y) }
  const data = new Float32Array(planes.channels * size.width * size.height)
  for (let c = 0; c < planes.channels; c++) {
    for (let row = 0; row < size.height; row++) {
      const from = (c * planes.height + y + row) * planes.width + x
      data.set(planes.data.subarray(from, from + size.width), (c * size.height + row) * size.width)
    }
  }
  return { channels: planes.channels, ...size, data }
}
