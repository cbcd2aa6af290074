/**
 * How far a case may be from its golden, by how closely related the two machines are. The values and what was measured to
 * choose them are in docs/gates.md.
 */
import type { Environment } from '../run-schema.js'

/**
 * `machine`: same CPU model and threads; `class`: another CPU of the class; `arithmetic`: same precision on another CPU's
 * kernels; `device`: an accelerator of the class; `other`: everything else.
 */
export type Kinship = 'machine' | 'class' | 'arithmetic' | 'device' | 'other'

/**
 * `ssim`, `worst_block`, `ms_ssim`, `psnr` (dB), `ncc` and `iou` are least values, `phash` (bits) and `alpha` (8-bit levels) are
 * greatest ones.
 */
export type Bounds = Partial<Record<PixelMetric, number>>

export const PIXEL_METRICS = ['ssim', 'worst_block', 'ms_ssim', 'psnr', 'ncc', 'phash', 'iou', 'alpha'] as const

export type PixelMetric = (typeof PIXEL_METRICS)[number]

export interface PixelLimits {
  /** Beyond these it is another picture. */
  fail: Bounds
  /** Beyond these it has drifted. */
  drift: Bounds
  /** Pixels that are not identical have drifted, however close they are. */
  exact: boolean
}

export interface DefectLimits {
  /** Multiples of what rounding, contrast and an upload explain in a window; absent where pictures differ too much to ask. */
  local?: number
  /** Difference of the channels' means, in 8-bit levels. */
  mean: number
  /** Shares by which contrast and saturation may be off, and degrees by which the hue may be turned. */
  tone: { contrast: number; saturation: number; hue: number }
  /** Least ratio of the Laplacian energies, either way. */
  sharpness: number
  /** Pixels by which a picture may be moved, or turned and stretched at its edges. */
  motion: number
}

/** Greatest relative distances ‖ours − theirs‖ / ‖theirs‖ of stages. */
export interface StageLimits {
  noise: number
  embeddings: number
  encoded: number
  /** Of the latent after the first prediction … */
  first: number
  /** … and of the last one. */
  last: number
}

export interface KinLimits {
  stages: StageLimits
  pixels: PixelLimits
  defects: DefectLimits
}

export interface Limits {
  kin: Record<Kinship, KinLimits>
  /**
   * Last latents as near as these have their pictures judged as if the machines shared their arithmetic, or were accelerators of
   * one class, whatever they are: the decoder is no chaos.
   */
  explained: { arithmetic: number; device: number }
  /** Root mean square distance, in 8-bit levels, of two renders of the case in this class, where that was measured. */
  noise?: number
  /** Standard deviation of the liveliest channel (0 to 255) up to which a picture counts as blank. */
  blank: number
}

/**
 * Same numbers in another order of summation: what differs is the last bit of a few values. Pictures of ONNX Runtime and of
 * PyTorch, which share no kernel, are 75 dB apart or more in fp32.
 */
const ROUNDED: KinLimits = {
  stages: { noise: 1e-6, embeddings: 1e-4, encoded: 2e-4, first: 1e-3, last: 2e-2 },
  pixels: {
    fail: { ssim: 0.98, worst_block: 0.9, psnr: 40, iou: 0.98, alpha: 1 },
    drift: {},
    exact: false,
  },
  defects: { local: 1, mean: 0.5, tone: { contrast: 0.015, saturation: 0.03, hue: 1.5 }, sharpness: 0.7, motion: 0.15 },
}

export const DEFAULT_LIMITS: Limits = {
  kin: {
    machine: { ...ROUNDED, pixels: { ...ROUNDED.pixels, exact: true } },
    class: ROUNDED,
    arithmetic: ROUNDED,
    device: {
      stages: { noise: 1e-6, embeddings: 5e-3, encoded: 1e-2, first: 1e-2, last: 0.1 },
      pixels: {
        fail: { ssim: 0.98, worst_block: 0.9, psnr: 35, iou: 0.95, alpha: 2 },
        drift: {},
        exact: false,
      },
      defects: { local: 3, mean: 2, tone: { contrast: 0.03, saturation: 0.05, hue: 3 }, sharpness: 0.7, motion: 0.25 },
    },
    other: {
      stages: { noise: 1e-6, embeddings: 4.5e-2, encoded: 4.5e-2, first: 4.5e-2, last: 0.25 },
      pixels: {
        fail: { ms_ssim: 0.93, ncc: 0.92, phash: 6, iou: 0.9, alpha: 3 },
        drift: { ssim: 0.9 },
        exact: false,
      },
      defects: { mean: 3, tone: { contrast: 0.08, saturation: 0.12, hue: 6 }, sharpness: 0.55, motion: 0.5 },
    },
  },
  explained: { arithmetic: 4e-3, device: 2e-2 },
  blank: 4,
}

/** Bit equality is expected of the very same machine; of accelerators not even there. */
export function kinship(a: Environment, b: Environment): Kinship {
  const cpus = a.provider === 'cpu' && b.provider === 'cpu'
  if (!cpus) return a.class === b.class ? 'device' : 'other'
  if (a.class !== b.class) return a.dtype === b.dtype ? 'arithmetic' : 'other'
  return a.device === b.device && a.threads === b.threads ? 'machine' : 'class'
}
