/**
 * How far a picture may be from its golden, by how closely related the two machines are. The values and what was measured to
 * choose them are in docs/gates.md.
 */
import type { Environment } from '../run-schema.js'

/**
 * `machine`: same CPU model and threads; `class`: another CPU of the class; `arithmetic`: same precision on another CPU's
 * kernels; `device`: an accelerator of the class; `other`: everything else.
 */
export type Kinship = 'machine' | 'class' | 'arithmetic' | 'device' | 'other'

/** `ssim`, `worst_block`, `psnr` (dB) and `ncc` are least values, `mean_rgb` (8-bit levels) is a greatest one. */
export type Bounds = Partial<Record<PixelMetric, number>>

export const PIXEL_METRICS = ['ssim', 'worst_block', 'psnr', 'mean_rgb', 'ncc'] as const

export type PixelMetric = (typeof PIXEL_METRICS)[number]

export interface PixelLimits {
  /** Beyond these it is another picture. */
  fail: Bounds
  /** Beyond these it has drifted. */
  drift: Bounds
  /** Pixels that are not identical have drifted, however close they are. */
  exact: boolean
}

export interface Limits {
  pixels: Record<Kinship, PixelLimits>
  /** Standard deviation of the luma (0 to 255) up to which a picture counts as blank. */
  blank: number
}

/**
 * Same numbers in another order of summation: what differs is the last bit of a few values. Pictures of ONNX Runtime and of
 * PyTorch, which share no kernel, are 75 dB apart or more in fp32; a VAE scale that is off by a tenth moves the mean by 1.1.
 */
const ROUNDED: PixelLimits = {
  fail: { ssim: 0.98, worst_block: 0.9, psnr: 40, mean_rgb: 0.5 },
  drift: {},
  exact: false,
}

export const DEFAULT_LIMITS: Limits = {
  pixels: {
    machine: { ...ROUNDED, exact: true },
    class: ROUNDED,
    arithmetic: ROUNDED,
    device: { ...ROUNDED, fail: { ssim: 0.98, worst_block: 0.9, psnr: 35, mean_rgb: 1 } },
    other: { fail: { ncc: 0.92, mean_rgb: 3 }, drift: { ssim: 0.9 }, exact: false },
  },
  blank: 4,
}

/** Bit equality is expected of the very same machine; of accelerators not even there. */
export function kinship(a: Environment, b: Environment): Kinship {
  const cpus = a.provider === 'cpu' && b.provider === 'cpu'
  if (!cpus) return a.class === b.class ? 'device' : 'other'
  if (a.class !== b.class) return a.dtype === b.dtype ? 'arithmetic' : 'other'
  return a.device === b.device && a.threads === b.threads ? 'machine' : 'class'
}
