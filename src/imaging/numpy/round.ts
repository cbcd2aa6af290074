/** Rounding and casting as C and numpy do it. */

/** To the nearest whole number, halves to the even one: `rint`, `np.round`, `cvRound`, Python's `round`. */
export function rint(x: number): number {
  const down = Math.floor(x)
  const rest = x - down
  return rest < 0.5 || (rest === 0.5 && down % 2 === 0) ? down : down + 1
}

/** A float as uint8 the way numpy casts it on x86: cut off to int32, of which the low byte is kept. 256.5 is 0, −1.5 is 255. */
export function wrapToByte(x: number): number {
  return Math.trunc(x) & 255
}

/** A float clipped to 0…255 and cut off: `x.clip(0, 255).astype(np.uint8)`. NaN is 0. */
export function clipToByte(x: number): number {
  return x > 0 ? Math.min(255, Math.trunc(x)) : 0
}

/** A whole number clipped to 0…255. */
export function saturate(x: number): number {
  return x < 0 ? 0 : Math.min(255, x)
}
