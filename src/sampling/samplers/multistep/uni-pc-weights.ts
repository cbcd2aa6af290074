/** Weights of UniPC's steps (Zhao et al. 2023, arXiv:2302.04867, section 3.2). */
const f32 = Math.fround

/** Which B(h) scales the differences: h, or e^h − 1. */
export type BhVariant = 'bh1' | 'bh2'

/** Of a variance-preserving process that has this ratio of noise to signal. */
interface Marginal {
  /** Signal. */
  alpha: number
  /** Noise. */
  std: number
  /** Half the logarithm of the signal-to-noise ratio. */
  lambda: number
}

/** Rounded like the reference: 1 − α² loses nearly all digits at the last sigma. */
export function marginal(sigma: number): Marginal {
  const logAlpha = f32(0.5 * f32(Math.log(f32(1 / f32(f32(sigma * sigma) + 1)))))
  const noise = f32(1 - f32(Math.exp(f32(2 * logAlpha))))
  return {
    alpha: f32(Math.exp(logAlpha)),
    std: f32(Math.sqrt(noise)),
    lambda: f32(logAlpha - f32(0.5 * f32(Math.log(noise)))),
  }
}

export interface BhInput {
  /** Where predictions were made, the newest first; as many as the step's order. */
  past: readonly { sigma: number }[]
  sigma: number
  variant: BhVariant
  /** Weighs a prediction at `sigma` itself, too. */
  correct: boolean
}

export interface BhWeights {
  /** Of the latent. */
  kept: number
  /** Of the newest prediction. */
  last: number
  /** Of the differences of the other predictions from it, in the order of `past`, that at `sigma` last. */
  differences: number[]
}

export function bhWeights({ past, sigma, variant, correct }: BhInput): BhWeights {
  const [newest = marginal(sigma), ...others] = past.map(entry => marginal(entry.sigma))
  const now = marginal(sigma)
  const h = now.lambda - newest.lambda
  const scale = variant === 'bh1' ? -h : Math.expm1(-h)
  const ratios = others.map(({ lambda }) => (lambda - newest.lambda) / h)
  if (correct) ratios.push(1)
  const weights = rhos(ratios, h, scale)
  return {
    kept: now.std / newest.std,
    last: -now.alpha * Math.expm1(-h),
    differences: ratios.map((ratio, i) => (-now.alpha * scale * (weights[i] ?? 0)) / ratio),
  }
}

/** The ρ of the paper's equation 9: they match the Taylor terms n = 1, 2, … of the exact step. One alone is taken for ½. */
function rhos(ratios: readonly number[], h: number, scale: number): number[] {
  if (ratios.length === 1) return [0.5]
  const right: number[] = []
  let phi = Math.expm1(-h) / -h - 1
  let factorial = 1
  for (let n = 1; n <= ratios.length; n++) {
    right.push((phi * factorial) / scale)
    factorial *= n + 1
    phi = phi / -h - 1 / factorial
  }
  return solve(
    ratios.map((_, n) => ratios.map(ratio => ratio ** n)),
    right,
  )
}

/** Gauss–Jordan for the few unknowns there are; the nodes differ, so no pivot is 0. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i] ?? 0])
  for (const [i, pivotRow] of rows.entries()) {
    const pivot = pivotRow[i] ?? 1
    const scaled = pivotRow.map(value => value / pivot)
    for (const [k, row] of rows.entries()) {
      const factor = row[i] ?? 0
      rows[k] = k === i ? scaled : row.map((value, column) => value - factor * (scaled[column] ?? 0))
    }
  }
  return rows.map(row => row.at(-1) ?? 0)
}
