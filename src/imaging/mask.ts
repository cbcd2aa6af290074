/** Masks: 1 is painted, 0 is kept. What ComfyUI's loader, `VAEEncodeForInpaint` and the sampler make of them. */
import { cutOut, interpolate, type Planes, type Window } from './interpolate.js'
import { channelOf, hasAlpha, type Picture, toGrey } from './picture.js'
import type { ImageTensor } from './tensor.js'

/** One plane of values 0 to 1. */
export type Mask = Planes

const { fround } = Math

/** A picture that is a mask itself: white is painted. */
export function maskFromPicture(picture: Picture): Mask {
  const { width, height, pixels } = toGrey(picture)
  return { width, height, data: Float32Array.from(pixels, v => v / 255) }
}

/** The mask that a picture's alpha stands for: transparent is painted, 1 − a/255. Without alpha 64×64 zeros, as the Horde's loader. */
export function maskFromAlpha(picture: Picture): Mask {
  if (!hasAlpha(picture)) return { width: 64, height: 64, data: new Float32Array(64 * 64) }
  const { width, height, pixels } = channelOf(picture, picture.channels - 1)
  return { width, height, data: Float32Array.from(pixels, a => 1 - fround(a / 255)) }
}

/** The mask at the size of a latent, not rounded: how the sampler sees it (`comfy/utils.py: reshape_mask`). */
export function maskForLatent(mask: Mask, { width, height }: { width: number; height: number }): Mask {
  return interpolate(mask, { width, height, mode: 'bilinear' })
}

export interface InpaintSource {
  /** Values −1 to 1 for the VAE, painted pixels grey (0), cropped about the centre to multiples of 8. */
  pixels: ImageTensor
  /** Zeros and ones of the pixels' size, grown. */
  noiseMask: Mask
}

/**
 * ComfyUI's `VAEEncodeForInpaint` up to the encoder: the mask goes to the picture's size (bilinear), both are cropped to multiples
 * of 8, what rounds to 1 is replaced by grey, and the mask is grown by a square of `growBy` pixels. An even square reaches one
 * pixel further to the right and down: 6 is 2 pixels to the left and up and 3 to the right and down.
 */
export function inpaintSource(image: ImageTensor, mask: Mask, growBy = 6): InpaintSource {
  const [batch, channels, height, width] = image.shape
  const full = interpolate(mask, { width, height, mode: 'bilinear' })
  const window = cropTo8({ width, height })
  const painted = rounded(cutOut(full, window))
  const pixels = cutOut({ width, height, data: image.data.slice() }, window)
  const plane = window.width * window.height
  for (const [i, value] of painted.data.entries()) {
    if (value === 0) continue
    for (let n = 0; n < batch * channels; n++) pixels.data[n * plane + i] = 0
  }
  return {
    pixels: { shape: [batch, channels, window.height, window.width], data: pixels.data },
    noiseMask: growBy > 1 ? grow(painted, growBy) : painted,
  }
}

/** The picture cut to multiples of 8 about its centre, as every `VAE.encode` of ComfyUI does first. */
export function cropForVae(image: ImageTensor): ImageTensor {
  const [batch, channels, height, width] = image.shape
  const window = cropTo8({ width, height })
  if (window.width === width && window.height === height) return image
  const { data } = cutOut({ width, height, data: image.data }, window)
  return { shape: [batch, channels, window.height, window.width], data }
}

function cropTo8({ width, height }: { width: number; height: number }): Window {
  return { x: (width % 8) >> 1, y: (height % 8) >> 1, width: width - (width % 8), height: height - (height % 8) }
}

/** Half rounds to even: 0.5 is kept. */
function rounded({ width, height, data }: Mask): Mask {
  return { width, height, data: data.map(v => (v > 0.5 ? 1 : 0)) }
}

/** A square of ones slid over the mask; padding as ComfyUI computes it, ⌈(size − 1)/2⌉ before. */
function grow({ width, height, data }: Mask, size: number): Mask {
  const before = Math.ceil((size - 1) / 2)
  const after = size - 1 - before
  const columns = new Float32Array(data.length)
  const grown = new Float32Array(data.length)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const row = data.subarray(y * width + Math.max(0, x - before), y * width + Math.min(width, x + after + 1))
      if (row.includes(1)) columns[y * width + x] = 1
    }
  }
  for (let y = 0; y < height; y++) {
    for (let from = Math.max(0, y - before); from < Math.min(height, y + after + 1); from++) {
      for (let x = 0; x < width; x++) if (columns[from * width + x] === 1) grown[y * width + x] = 1
    }
  }
  return { width, height, data: grown }
}
