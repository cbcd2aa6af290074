/**
 * How far a picture may be from its golden, by how closely related the two machines are. The values and what was measured to
 * choose them are in docs/gates.md.
 */
import type { Environment } from '../run-schema.js'

/** `machine`: same class, device and threads; `class`: same class; `arithmetic`: same precision on another CPU's kernels. */
export type Kinship = 'machine' | 'class' | 'arithmetic' | 'other'

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

/** Same numbers in another order of summation: what differs is the last bit of a few values. */
const CLOSE: PixelLimits = {
  fail: { ssim: 0.98, worst_block: 0.9, psnr: 35, mean_rgb: 1 },
  drift: {},
  exact: false,
}

export const DEFAULT_LIMITS: Limits = {
  pixels: {
    machine: { ...CLOSE, exact: true },
    class: CLOSE,
    arithmetic: CLOSE,
    other: { fail: { ncc: 0.92, mean_rgb: 3 }, drift: { ssim: 0.9 }, exact: false },
  },
  blank: 4,
}

/** Bit equality is expected of the very same machine; of accelerators not even there. */
export function kinship(a: Environment, b: Environment): Kinship {
  const cpus = a.provider === 'cpu' && b.provider === 'cpu'
  if (a.class === b.class) return cpus && a.device === b.device && a.threads === b.threads ? 'machine' : 'class'
  return cpus && a.dtype === b.dtype ? 'arithmetic' : 'other'
}
