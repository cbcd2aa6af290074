/** Classifier-free guidance on denoised predictions. */
import type { Latent } from './types.js'

const f32 = Math.fround

/** Whether the unconditional prediction is needed: at a scale of 1 nothing of it is left, and ComfyUI does not compute it. */
export function needsUncond(cfgScale: number): boolean {
  return Math.abs(cfgScale - 1) > 1e-9 * Math.max(Math.abs(cfgScale), 1)
}

/** Ho and Salimans 2022 (arXiv:2207.12598): away from the unconditional prediction, past the conditional one. */
export function guide(cond: Latent, uncond: Latent, cfgScale: number): Latent {
  const scale = f32(cfgScale)
  return cond.map((value, i) => {
    const from = uncond[i] as number
    return from + f32(f32(value - from) * scale)
  })
}
