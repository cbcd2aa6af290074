/** When a machine is warm: runs are dropped from the front until two in a row agree. */

export interface WarmUpRules {
  /** Two runs agree when they differ by less. @default 0.02 */
  tolerance?: number
  /** No more than this many are dropped. @default 5 */
  most?: number
}

/** After each run: go on, or start to measure, and whether the last two agreed. */
export function warmedUp(
  runs: readonly number[],
  { tolerance = 0.02, most = 5 }: WarmUpRules = {},
): { done: boolean; stable: boolean } {
  const [last, before] = [runs.at(-1), runs.at(-2)]
  const stable =
    last !== undefined && before !== undefined && Math.abs(last - before) <= tolerance * Math.min(last, before)
  return { done: stable || runs.length >= most, stable }
}
