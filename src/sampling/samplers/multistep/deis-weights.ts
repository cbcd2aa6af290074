/**
 * DEIS interpolates slopes over the time of a variance-preserving SDE whose sigmas run from 0.002 to 80 (Zhang and Chen 2022,
 * arXiv:2204.13902, equation 15; the constants are those of zju-pi/diff-sampler, which ComfyUI took it from).
 */
const f32 = Math.fround
const EPSILON = 1e-3
const POINTS = 10_000

/** Rounded like the reference: for small sigmas float32 loses digits of log(σ² + 1), and so it does here. */
function logVariance(sigma: number): number {
  return f32(Math.log(f32(f32(f32(sigma) ** 2) + 1)))
}

const BETA_SLOPE = f32(f32(2 * f32(f32(logVariance(0.002) / EPSILON) - logVariance(80))) / f32(EPSILON - 1))
const BETA_MIN = f32(logVariance(80) - f32(0.5 * BETA_SLOPE))

/** The times at which the SDE has the given sigmas. */
export function deisTimes(sigmas: Float32Array): Float32Array {
  const square = f32(BETA_MIN ** 2)
  const twice = f32(2 * BETA_SLOPE)
  return sigmas.map(sigma => {
    const root = f32(Math.sqrt(f32(square + f32(twice * logVariance(sigma)))))
    return f32(root - BETA_MIN) / BETA_SLOPE
  })
}

/** Weights of the last `order` slopes, the newest first, for the step that begins at times[i]. */
export function deisWeights(times: Float32Array, i: number, order: number): number[] {
  const from = times[i] ?? 0
  const to = times[i + 1] ?? 0
  const nodes = Array.from({ length: order }, (_, j) => times[i - j] ?? 0)
  const weights = nodes.map(() => 0)
  // The reference's sum has both ends among its points and a width of 1/POINTS, not of 1/(POINTS − 1).
  const width = (to - from) / POINTS
  for (let point = 0; point < POINTS; point++) {
    const t = from + ((to - from) * point) / (POINTS - 1)
    const height = sigmaSlope(t) * width
    for (const [j, node] of nodes.entries()) {
      let polynomial = 1
      for (const [k, other] of nodes.entries()) if (k !== j) polynomial *= (t - other) / (node - other)
      weights[j] = (weights[j] ?? 0) + height * polynomial
    }
  }
  return weights
}

/** dσ/dt over the noise's own scale: −½ (d log ᾱ/dt) / √(ᾱ(1 − ᾱ)). */
function sigmaSlope(t: number): number {
  const signal = Math.exp(-0.5 * t * t * BETA_SLOPE - t * BETA_MIN)
  return (0.5 * (t * BETA_SLOPE + BETA_MIN)) / Math.sqrt(signal * (1 - signal))
}
