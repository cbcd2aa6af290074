/**
 * What a sampler is: a generator that yields latents to be denoised and is handed the answers. It knows no session, no
 * model and no clock, so any number of them can be interleaved and their requests answered by one batched run.
 */

/** Latents, N×C×h×w in row-major order, at the model's scale (multiplied by the VAE's scale factor). */
export type Latent = Float32Array

export interface DenoiseRequest {
  /** Handed over: a sampler never writes to an `x` that it has yielded. */
  x: Latent
  sigma: number
  /** Set on the request with which a step begins; counts from 0. */
  step?: number
}

/** Yields what it needs denoised, is resumed with the denoised prediction (same shape as `x`), returns the final latent. */
export type Sampler = Generator<DenoiseRequest, Latent, Latent>

/** Draws the noise that a sampler adds between two sigmas; standard normal, as many numbers as a latent has. */
export type NoiseSampler = (sigma: number, sigmaNext: number) => Float32Array

export interface SamplerInput {
  /** Initial latent: noise scaled by the first sigma, plus the source latent if there is one. Owned by the sampler. */
  x: Latent
  /** Decreasing, usually ending with 0; `steps + 1` of them. */
  sigmas: Float32Array
  /** Called once per draw, in the order in which the reference draws. */
  noise: NoiseSampler
  /** Range of the model's own table of sigmas. */
  sigmaMin: number
  sigmaMax: number
  /**
   * Told of every step what ComfyUI's callback is told. Mostly that is the request marked with the step, and its answer; ipndm
   * and deis show their first `x` throughout, uni_pc the corrected latent at unit variance, dpm_adaptive the latent after the step.
   */
  onStep?: (step: number, shown: StepShown) => void
}

export interface StepShown {
  x: Latent
  denoised: Latent
}
