/** DPM-Solver (Lu et al. 2022, arXiv:2206.00927) in the half-logarithm of the signal-to-noise ratio, t = −log σ. */
import type { Latent } from '../../types.js'
import { mix, type Part, slope } from '../step.js'

/** A latent, its time and the noise predicted for it. */
export interface Known {
  x: Latent
  t: number
  eps: Latent
}

/** Places of the third-order step's inner points, as shares of the step. */
export const R1 = 1 / 3
const R2 = 2 / 3

export function sigmaOf(t: number): number {
  return Math.exp(-t)
}

/** Ends of the integration; the last sigma before a final 0 is where it stops. */
export function timeSpan(sigmas: Float32Array): { start: number; end: number } {
  const last = sigmas.at(-1) ?? 0
  const lowest = last === 0 ? (sigmas.at(-2) ?? 0) : last
  return { start: -Math.log(sigmas[0] ?? 0), end: -Math.log(lowest) }
}

/** Predicts the noise in x; `denoised` is the answer that it comes from. */
export function* predict(x: Latent, t: number, step?: number): Part<Known & { denoised: Latent }> {
  const sigma = sigmaOf(t)
  const denoised = yield step === undefined ? { x, sigma } : { x, sigma, step }
  return { x, t, eps: slope(x, denoised, sigma), denoised }
}

/** DPM-Solver-1. */
export function firstOrder({ x, t, eps }: Known, next: number): Latent {
  return mix([1, x], [-sigmaOf(next) * Math.expm1(next - t), eps])
}

/** DPM-Solver-2 with its inner point a share `r1` of the way. */
export function secondOrder({ x, t, eps }: Known, next: number, r1: number, inner: Known): Latent {
  const weight = sigmaOf(next) * Math.expm1(next - t)
  const change = weight / (2 * r1)
  return mix([1, x], [change - weight, eps], [-change, inner.eps])
}

/** The noise predicted at a share `r1` of the way, reached by the first-order step. */
export function* innerPoint(known: Known, next: number, r1: number): Part<Known> {
  const t = known.t + r1 * (next - known.t)
  return yield* predict(firstOrder(known, t), t)
}

/** DPM-Solver-3 with inner points at a third and at two thirds, the first of which is given. */
export function* thirdOrder(known: Known, next: number, inner: Known): Part<Latent> {
  const { x, t, eps } = known
  const h = next - t
  const farther = t + R2 * h
  const bend = sigmaOf(farther) * (R2 / R1) * (Math.expm1(R2 * h) / (R2 * h) - 1)
  const u2 = mix([1, x], [bend - sigmaOf(farther) * Math.expm1(R2 * h), eps], [-bend, inner.eps])
  const outer = yield* predict(u2, farther)
  const weight = (sigmaOf(next) / R2) * (Math.expm1(h) / h - 1)
  return mix([1, x], [weight - sigmaOf(next) * Math.expm1(h), eps], [-weight, outer.eps])
}
