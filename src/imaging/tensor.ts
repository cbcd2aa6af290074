/** Between the VAE's numbers (−1 to 1, N×C×H×W) and 8-bit pixels. */
import { type Picture, pictureChannels, toRgb } from './picture.js'

/** A batch of pictures as planes of float32: shape is batch × channels × height × width. */
export interface ImageTensor {
  shape: readonly [batch: number, channels: number, height: number, width: number]
  data: Float32Array
}

const { fround } = Math

/**
 * A value in 0 to 1 as a byte: 255·x in float32, clamped, then cut off, not rounded (ComfyUI's `SaveImage` and the Horde's output
 * node). NaN is black.
 */
export function toByte(x: number): number {
  return Math.max(0, Math.min(255, Math.trunc(fround(255 * fround(x))))) || 0
}

/** Decoded pictures (values −1 to 1) as pixels: (x + 1)/2 clamped to 0 to 1, then {@link toByte}, in ComfyUI's float32 order. */
export function toPixels({ shape, data }: ImageTensor): Picture[] {
  const [batch, planes, height, width] = shape
  const channels = pictureChannels(planes)
  const plane = width * height
  return Array.from({ length: batch }, (_, n) => {
    const pixels = new Uint8Array(plane * channels)
    for (let c = 0; c < channels; c++) {
      const from = (n * channels + c) * plane
      for (let i = 0; i < plane; i++)
        pixels[i * channels + c] = toByte(fround(fround((data[from + i] as number) + 1) / 2))
    }
    return { width, height, channels, pixels }
  })
}

/** Pictures of one size as the VAE's input: 2·(v/255) − 1 in float32. Alpha is dropped, grey repeated. */
export function fromPixels(pictures: readonly Picture[]): ImageTensor {
  return planes(pictures, SIGNED)
}

/** Pictures of one size as values of 0 to 1, v/255 in float32: control hints, upscalers. Alpha is dropped, grey repeated. */
export function fromPixelsUnit(pictures: readonly Picture[]): ImageTensor {
  return planes(pictures, UNIT)
}

const UNIT = Float32Array.from({ length: 256 }, (_, v) => v / 255)
const SIGNED = UNIT.map(v => fround(v * 2) - 1)

function planes(pictures: readonly Picture[], values: Float32Array): ImageTensor {
  const { width, height } = pictures[0] ?? { width: 0, height: 0 }
  const plane = width * height
  const data = new Float32Array(pictures.length * 3 * plane)
  for (const [n, picture] of pictures.entries()) {
    if (picture.width !== width || picture.height !== height) {
      throw new RangeError(
        `pictures of a batch have one size, got ${width}×${height} and ${picture.width}×${picture.height}`,
      )
    }
    const { pixels } = toRgb(picture)
    for (let c = 0; c < 3; c++) {
      const to = (n * 3 + c) * plane
      for (let i = 0; i < plane; i++) data[to + i] = values[pixels[i * 3 + c] as number] as number
    }
  }
  return { shape: [pictures.length, 3, height, width], data }
}
