/** Limits that no noise of the class exceeds: the policy's, or a multiple of what was observed, whichever is looser. */
import type { KinLimits, Limits } from '../gates/limits.js'
import type { Noise } from './schema.js'

/** Multiple of the observed noise that is allowed: a handful of renders seldom sees the largest that there is. */
export const TIMES_NOISE = 3

export function calibratedLimits(limits: Limits, noise: Noise | undefined): Limits {
  if (noise === undefined) return limits
  const { machine, class: own, arithmetic, device, other } = limits.kin
  const loosen = (kin: KinLimits) => loosened(kin, noise)
  const same = loosen(machine)
  return {
    ...limits,
    noise: noise.rms,
    kin: {
      // Bit equality is a measured property: where repeats differ, it is asked of nobody.
      machine: { ...same, pixels: { ...same.pixels, exact: same.pixels.exact && noise.repeatable } },
      class: loosen(own),
      arithmetic: loosen(arithmetic),
      device: loosen(device),
      other,
    },
  }
}

function loosened({ stages, pixels, defects }: KinLimits, noise: Noise): KinLimits {
  const most = (policy: number, observed: number) => Math.max(policy, TIMES_NOISE * observed)
  const least = (policy: number, observed: number) => Math.min(policy, 1 - TIMES_NOISE * (1 - observed))
  const decibel = noise.rms === 0 ? Number.POSITIVE_INFINITY : 20 * Math.log10(255 / (TIMES_NOISE * noise.rms))
  const { ssim, worst_block, psnr, ...rest } = pixels.fail
  return {
    stages: {
      noise: most(stages.noise, noise.stages.noise),
      embeddings: most(stages.embeddings, noise.stages.embeddings),
      encoded: most(stages.encoded, noise.stages.encoded),
      first: most(stages.first, noise.stages.first),
      last: most(stages.last, noise.stages.last),
    },
    pixels: {
      ...pixels,
      fail: {
        ...rest,
        ...(ssim === undefined ? {} : { ssim: least(ssim, noise.ssim) }),
        ...(worst_block === undefined ? {} : { worst_block: least(worst_block, noise.worst_block) }),
        ...(psnr === undefined ? {} : { psnr: Math.min(psnr, decibel) }),
      },
    },
    defects: {
      ...defects,
      ...(defects.local === undefined ? {} : { local: most(defects.local, noise.local) }),
      mean: most(defects.mean, noise.mean),
      motion: most(defects.motion, noise.motion),
    },
  }
}
