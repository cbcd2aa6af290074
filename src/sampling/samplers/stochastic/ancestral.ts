const f32 = Math.fround

/**
 * Splits a step to `next` into a step further down and noise on top, so that the whole variance is that of `next` (Song et al.
 * 2021, arXiv:2011.13456; η = 1). Rounded like the reference, whose difference of squares loses digits.
 */
export function ancestralStep(sigma: number, next: number): { down: number; up: number } {
  const [square, nextSquare] = [f32(sigma ** 2), f32(next ** 2)]
  const variance = f32(f32(nextSquare * f32(square - nextSquare)) / square)
  const up = Math.min(next, f32(Math.sqrt(variance)))
  return { down: f32(Math.sqrt(f32(nextSquare - f32(up ** 2)))), up }
}
