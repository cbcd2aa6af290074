/** Statistics of float32 arrays, in numpy's own arithmetic. */

const { fround } = Math

/**
 * `np.percentile` of a float32 array, linear method; percents are 0 to 100. Positions are doubles, the answers float32.
 */
export function percentiles(values: Float32Array, percents: readonly number[]): number[] {
  const sorted = values.toSorted()
  return percents.map(percent => {
    const position = (sorted.length - 1) * (percent / 100)
    const below = Math.floor(position)
    const share = position - below
    const low = sorted[below] ?? Number.NaN
    const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? Number.NaN
    const step = fround(high - low)
    // numpy comes from the nearer end, so that the ends are hit exactly.
    return fround(share >= 0.5 ? high - step * (1 - share) : low + step * share)
  })
}

/** `np.median` of a float32 array: the mean of the two in the middle. NaN for none. */
export function median(values: Float32Array): number {
  const sorted = values.toSorted()
  const middle = sorted.length >> 1
  const high = sorted[middle] ?? Number.NaN
  if (sorted.length % 2 === 1) return high
  return fround(fround((sorted[middle - 1] ?? Number.NaN) + high) / 2)
}
