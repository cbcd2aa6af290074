/** Painting a part of a picture: outside the mask the source is kept, at every step (ComfyUI's KSamplerX0Inpaint). */
import type { SamplerName } from './names.js'
import { type LatentShape, torchCpuNoise } from './noise/index.js'
import type { Latent } from './types.js'

const f32 = Math.fround

export interface InpaintInput {
  /** 1 where the picture is painted, 0 where the source stays; as large as the latent. */
  mask: Float32Array
  /** The source, at the model's scale. */
  latent: Latent
  /** See {@link inpaintNoise}. */
  noise: Float32Array
}

export interface Inpaint {
  /** What is shown to the model: outside the mask the source under noise of this sigma. */
  maskInput(x: Latent, sigma: number): Latent
  /** What the sampler is answered: outside the mask the source itself. */
  maskOutput(denoised: Latent): Latent
}

export function inpaint({ mask, latent, noise }: InpaintInput): Inpaint {
  return {
    maskInput(x, sigma) {
      const level = f32(sigma)
      return x.map((value, i) => {
        const paint = mask[i] as number
        const kept = f32(f32((noise[i] as number) * level) + (latent[i] as number))
        return f32(value * paint) + f32(kept * f32(1 - paint))
      })
    },
    maskOutput: denoised =>
      denoised.map((value, i) => {
        const paint = mask[i] as number
        return f32(value * paint) + f32((latent[i] as number) * f32(1 - paint))
      }),
  }
}

/** Noise that the source is kept under: the pass's first, except that ddim draws that of the next seed. */
export function inpaintNoise(sampler: SamplerName, seed: bigint, shape: LatentShape): Float32Array {
  return torchCpuNoise(sampler === 'ddim' ? seed + 1n : seed, shape)
}
