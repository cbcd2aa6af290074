/**
 * What a model makes of sigma: its table of noise levels, the timestep that its UNet is told, and how its output becomes a
 * denoised latent (ComfyUI's `model_sampling.py`). Everything is rounded to float32 where torch computes in float32.
 */
import type { SamplingFacts } from '../models/facts.js'
import { linspace } from './linspace.js'
import type { Latent } from './types.js'

const f32 = Math.fround

/** Latents of one sigma; a batch shares it. */
export interface ModelSampling {
  /** The table of noise levels, ascending. */
  readonly sigmas: Float32Array
  readonly sigmaMin: number
  readonly sigmaMax: number
  /** What the UNet is told: an index into the table (0 to 999), or a quarter of the logarithm for EDM models. */
  timestep(sigma: number): number
  /** The inverse of {@link timestep}, linear in log sigma between the entries of the table. */
  sigmaAt(timestep: number): number
  /** What the UNet is shown: `x` at unit variance. */
  scaleInput(x: Latent, sigma: number): Float32Array
  /** The prediction of the noiseless latent from the UNet's answer. */
  denoised(x: Latent, output: Float32Array, sigma: number): Latent
  /** Where sampling starts: the source latent, if there is one, under noise of the first sigma. */
  noiseScaling(input: NoiseScalingInput): Latent
}

export interface NoiseScalingInput {
  /** First sigma of the schedule. */
  sigma: number
  /** Standard normal. */
  noise: Float32Array
  /** At the model's scale, as large as the noise. */
  latent?: Latent | undefined
}

export function modelSampling({ prediction, zeroTerminalSnr, edm }: SamplingFacts): ModelSampling {
  const levels = edm ? edmLevels(edm) : discreteLevels(zeroTerminalSnr)
  const dataVariance = f32((edm?.sigmaData ?? 1) ** 2)
  const variance = (sigma: number): number => f32(f32(sigma ** 2) + dataVariance)
  const { sigmas } = levels
  const sigmaMin = sigmas[0] ?? 0
  const sigmaMax = sigmas.at(-1) ?? 0

  return {
    ...levels,
    sigmaMin,
    sigmaMax,

    scaleInput(x, sigma) {
      const deviation = f32(Math.sqrt(variance(f32(sigma))))
      return x.map(v => v / deviation)
    },

    denoised(x, output, sigma) {
      sigma = f32(sigma)
      if (prediction === 'eps') return x.map((v, i) => v - f32((output[i] as number) * sigma))
      // Salimans and Ho 2022 (arXiv:2202.00512), appendix D; EDM's c_skip and c_out (arXiv:2206.00364, table 1) differ in sign.
      const total = variance(sigma)
      const deviation = f32(Math.sqrt(total))
      const dataDeviation = f32(edm?.sigmaData ?? 1)
      const sign = prediction === 'edm-eps' ? 1 : -1
      return x.map((v, i) => {
        const out = f32(f32(f32((output[i] as number) * sigma) * dataDeviation) / deviation)
        return f32(f32(v * dataVariance) / total) + sign * out
      })
    },

    noiseScaling({ sigma, noise, latent }) {
      sigma = f32(sigma)
      // At the top of the table the latent is taken for pure noise of the variance that training ended with.
      const full = sigma > sigmaMax || Math.abs(sigma - sigmaMax) <= 1e-5 * Math.max(sigma, sigmaMax)
      const scale = full ? f32(Math.sqrt(f32(1 + f32(sigma ** 2)))) : sigma
      return latent === undefined
        ? noise.map(v => v * scale)
        : noise.map((v, i) => f32(v * scale) + (latent[i] as number))
    },
  }
}

type Levels = Pick<ModelSampling, 'sigmas' | 'timestep' | 'sigmaAt'>

/** Stable Diffusion's 1000 training steps: betas are the squares of evenly spaced roots. */
function discreteLevels(zeroTerminalSnr: boolean): Levels {
  const steps = 1000
  const [first, last] = [Math.sqrt(0.00085), Math.sqrt(0.012)]
  let kept = 1
  const alphasCumprod = Float64Array.from({ length: steps }, (_, i) => {
    kept *= 1 - (first + ((last - first) / (steps - 1)) * i) ** 2
    return kept
  })
  const signal = zeroTerminalSnr ? rescaleToZeroTerminalSnr(alphasCumprod) : alphasCumprod
  const exact = signal.map(alpha => Math.sqrt((1 - alpha) / alpha))
  const sigmas = Float32Array.from(exact)
  const logSigmas = Float32Array.from(exact, Math.log)

  return {
    sigmas,
    timestep(sigma) {
      const log = f32(Math.log(f32(sigma)))
      let nearest = 0
      let least = Infinity
      for (let i = 0; i < steps; i++) {
        const distance = Math.abs(f32(log - (logSigmas[i] as number)))
        if (distance < least) [nearest, least] = [i, distance]
      }
      return nearest
    },
    sigmaAt(timestep) {
      const t = Math.min(Math.max(f32(timestep), 0), steps - 1)
      const low = Math.floor(t)
      const weight = f32(t - low)
      const below = f32(f32(1 - weight) * (logSigmas[low] ?? 0))
      const above = f32(weight * (logSigmas[Math.ceil(t)] ?? 0))
      return f32(Math.exp(f32(below + above)))
    },
  }
}

/** Lin et al. 2024 (arXiv:2305.08891), algorithm 1; the last step keeps a signal of 4.9e-8, for a sigma must be finite. */
function rescaleToZeroTerminalSnr(alphasCumprod: Float64Array): Float64Array {
  const roots = alphasCumprod.map(Math.sqrt)
  const [first = 1] = roots
  const last = roots.at(-1) ?? 0
  const rescaled = roots.map(root => ((root - last) * (first / (first - last))) ** 2)
  rescaled[rescaled.length - 1] = 4.8973451890853435e-8
  return rescaled
}

/** EDM models know no steps: sigmas are evenly spaced in their logarithm (Karras et al. 2022, arXiv:2206.00364). */
function edmLevels({ sigmaMin, sigmaMax }: { sigmaMin: number; sigmaMax: number }): Levels {
  const entries = 1000
  const sigmas = linspace(Math.log(sigmaMin), Math.log(sigmaMax), entries).map(Math.exp)
  return {
    sigmas,
    timestep: sigma => f32(0.25 * f32(Math.log(f32(sigma)))),
    sigmaAt: timestep => f32(Math.exp(f32(f32(timestep) / 0.25))),
  }
}
