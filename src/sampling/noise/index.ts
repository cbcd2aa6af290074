/** Where a picture's noise comes from: the first from torch's CPU generator, that of the steps from the generator of a device. */
import type { SamplerName } from '../names.js'
import type { NoiseSampler } from '../types.js'
import { brownianTree } from './brownian-tree.js'
import { type LatentShape, numbersOf } from './initial.js'
import { torchCpuGenerator } from './torch-cpu.js'
import { torchCudaGenerator } from './torch-cuda.js'

export { type BrownianTreeInput, brownianTree } from './brownian-tree.js'
export { batchIndexNoise, type LatentShape, torchCpuNoise } from './initial.js'
export { type TorchCpuGenerator, torchCpuGenerator } from './torch-cpu.js'
export { type TorchCudaGenerator, type TorchCudaOptions, torchCudaGenerator } from './torch-cuda.js'

/** These integrate a stochastic differential equation along one Brownian path, drawn on the CPU whatever the device. */
const BROWNIAN: ReadonlySet<SamplerName> = new Set(['dpmpp_sde', 'dpmpp_2m_sde', 'dpmpp_3m_sde'])

export interface StepNoiseInput {
  sampler: SamplerName
  /** Generator of the samplers that draw anew at each step. */
  kind: 'cuda' | 'cpu'
  /** Seed of the job; 0 to 2^63 − 1. */
  seed: bigint
  /** N×C×h×w of the latents. */
  shape: LatentShape
  /** The pass's; they bound the Brownian path. */
  sigmas: Float32Array
  /** See {@link TorchCudaOptions}. */
  gridThreads?: number
}

/** The noise a sampler adds at its steps, as ComfyUI's samplers draw it (`k_diffusion/sampling.py`). */
export function stepNoise({ sampler, kind, seed, shape, sigmas, gridThreads }: StepNoiseInput): NoiseSampler {
  const size = numbersOf(shape)
  if (BROWNIAN.has(sampler)) {
    const positive = sigmas.filter(sigma => sigma > 0)
    return brownianTree({ seed, size, sigmaMin: Math.min(...positive), sigmaMax: Math.max(...positive) })
  }
  // On the CPU the same seed would repeat the first noise, hence the next one.
  const generator =
    kind === 'cpu'
      ? torchCpuGenerator(seed + 1n)
      : torchCudaGenerator({ seed, ...(gridThreads === undefined ? {} : { gridThreads }) })
  return () => generator.randn(size)
}
