const f32 = Math.fround

/**
 * The sigma between two, in the middle of their logarithms. Rounded like the reference: a Brownian path is asked for its value
 * there, and 1e-6 beside it is another value.
 */
export function halfwayInLogSigma(sigma: number, next: number): number {
  const from = -f32(Math.log(sigma))
  const to = -f32(Math.log(next))
  return f32(Math.exp(-f32(from + f32(0.5 * f32(to - from)))))
}
