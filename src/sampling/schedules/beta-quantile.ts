/** Quantiles of the symmetric beta distribution. */

const ITERATIONS = 200
const PRECISION = 1e-16

/** The x in [0, 1] below which a share `p` of Beta(shape, shape) lies; the shape is between 0 and 1 here. */
export function betaQuantile(p: number, shape: number): number {
  if (p <= 0) return 0
  if (p >= 1) return 1
  // The lower half, where x keeps its relative precision; the upper mirrors it and the middle is exact.
  if (p === 0.5) return 0.5
  if (p > 0.5) return 1 - betaQuantile(1 - p, shape)
  const whole = Math.exp(2 * logGamma(shape) - logGamma(2 * shape))
  let [low, high] = [0, 0.5]
  for (let i = 0; i < ITERATIONS && high - low > PRECISION * high; i++) {
    const middle = 0.5 * (low + high)
    if (incompleteBeta(middle, shape) / whole < p) low = middle
    else high = middle
  }
  return 0.5 * (low + high)
}

/** ∫₀ˣ (t(1 − t))^(a−1) dt for x ≤ ½, by the power series of (1 − t)^(a−1) (DLMF 8.17.7 with b = a). */
function incompleteBeta(x: number, a: number): number {
  let coefficient = 1
  let sum = 1 / a
  for (let n = 1; n < ITERATIONS; n++) {
    coefficient *= ((n - a) / n) * x
    const term = coefficient / (a + n)
    sum += term
    if (term < PRECISION * sum) break
  }
  return x ** a * sum
}

/** Stirling's series (DLMF 5.11.1), with the argument moved to where it converges. */
function logGamma(z: number): number {
  let shift = 0
  for (; z < 15; z++) shift -= Math.log(z)
  const inverse = 1 / z
  const square = inverse * inverse
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)))
  return shift + (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series
}
