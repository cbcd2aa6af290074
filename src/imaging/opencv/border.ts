/** OpenCV's default border, `BORDER_REFLECT_101`: `cb|abcd|cb`. Positions of `length` pixels with `reach` more at either end. */
export function reflected101(length: number, reach: number): Int32Array {
  const period = 2 * (length - 1)
  return Int32Array.from({ length: length + 2 * reach }, (_, i) => {
    if (length === 1) return 0
    const at = (((i - reach) % period) + period) % period
    return Math.min(at, period - at)
  })
}
