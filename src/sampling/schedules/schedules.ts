/** ComfyUI's schedules (`samplers.py`, `k_diffusion/sampling.py`): sigmas of `steps` steps, descending, with a 0 at the end. */
import { linspace } from '../linspace.js'
import type { ModelSampling } from '../model-sampling.js'
import type { SchedulerName } from '../names.js'
import { betaQuantile } from './beta-quantile.js'

const f32 = Math.fround

export type Schedule = (model: ModelSampling, steps: number) => Float32Array

export const SCHEDULES: Readonly<Record<SchedulerName, Schedule>> = {
  normal,
  karras,
  exponential,
  simple,
  sgm_uniform: sgmUniform,
  ddim_uniform: ddimUniform,
  beta,
  linear_quadratic: linearQuadratic,
  kl_optimal: klOptimal,
}

/** Evenly spaced timesteps, both ends among them. */
function normal(model: ModelSampling, steps: number): Float32Array {
  const { sigmaMax, sigmaMin } = model
  return withZero(linspace(model.timestep(sigmaMax), model.timestep(sigmaMin), steps).map(model.sigmaAt))
}

/** Evenly spaced timesteps, the last left out for the 0. */
function sgmUniform(model: ModelSampling, steps: number): Float32Array {
  const { sigmaMax, sigmaMin } = model
  const timesteps = linspace(model.timestep(sigmaMax), model.timestep(sigmaMin), steps + 1)
  return withZero(timesteps.subarray(0, -1).map(model.sigmaAt))
}

/** Karras et al. 2022 (arXiv:2206.00364), equation 5, with ρ = 7. */
function karras({ sigmaMin, sigmaMax }: ModelSampling, steps: number): Float32Array {
  const rho = 7
  const top = sigmaMax ** (1 / rho)
  const span = f32(sigmaMin ** (1 / rho) - top)
  return withZero(linspace(0, 1, steps).map(ramp => f32(f32(top) + f32(ramp * span)) ** rho))
}

function exponential({ sigmaMin, sigmaMax }: ModelSampling, steps: number): Float32Array {
  return withZero(linspace(Math.log(sigmaMax), Math.log(sigmaMin), steps).map(Math.exp))
}

/** Every so many entries of the table, from its end. */
function simple({ sigmas }: ModelSampling, steps: number): Float32Array {
  const stride = sigmas.length / steps
  return withZero(Array.from({ length: steps }, (_, i) => sigmas.at(-(1 + Math.trunc(i * stride))) ?? 0))
}

/** DDIM's whole strides from the table's second entry: where the stride leaves a rest there are more steps than asked for. */
function ddimUniform({ sigmas }: ModelSampling, steps: number): Float32Array {
  const stride = Math.max(Math.floor(sigmas.length / steps), 1)
  return withZero(sigmas.filter((_, i) => i % stride === 1 % stride && i > 0).reverse())
}

/** Lee et al. 2024 (arXiv:2407.12173): timesteps at the quantiles of Beta(0.6, 0.6). Equal neighbours fall together. */
function beta({ sigmas }: ModelSampling, steps: number): Float32Array {
  const last = sigmas.length - 1
  const indices = Array.from({ length: steps }, (_, i) => roundHalfEven(betaQuantile(1 - i * (1 / steps), 0.6) * last))
  return withZero(indices.filter((index, i) => index !== indices[i - 1]).map(index => sigmas[index] ?? 0))
}

/** Genmo's schedule of Mochi: linear up to a noise of 0.025, then quadratic. */
function linearQuadratic({ sigmaMax }: ModelSampling, steps: number): Float32Array {
  const threshold = 0.025
  const linearSteps = Math.floor(steps / 2)
  const quadraticSteps = steps - linearSteps
  const rest = linearSteps - threshold * steps
  const square = rest / (linearSteps * quadraticSteps ** 2)
  const slope = threshold / linearSteps - (2 * rest) / quadraticSteps ** 2
  const progress = (i: number): number => {
    if (i === 0) return 0
    if (i < linearSteps) return (i * threshold) / linearSteps
    return square * i ** 2 + slope * i + square * linearSteps ** 2
  }
  return withZero(Array.from({ length: steps }, (_, i) => f32(1 - progress(i)) * sigmaMax))
}

/**
 * Sabour et al. 2024 (arXiv:2404.14507), theorem 3.1: evenly spaced arc tangents. A single step divides 0 by 0 in ComfyUI, which
 * then draws a picture of NaNs; here it starts from the largest sigma.
 */
function klOptimal({ sigmaMin, sigmaMax }: ModelSampling, steps: number): Float32Array {
  const [bottom, top] = [f32(Math.atan(sigmaMin)), f32(Math.atan(sigmaMax))]
  const angle = (share: number): number => f32(f32(share * bottom) + f32(f32(1 - share) * top))
  return withZero(Array.from({ length: steps }, (_, i) => Math.tan(angle(steps === 1 ? 0 : f32(i / (steps - 1))))))
}

function withZero(sigmas: ArrayLike<number>): Float32Array {
  const ended = new Float32Array(sigmas.length + 1)
  ended.set(sigmas)
  return ended
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  if (value - floor !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}
