/** Python's `round(x)`: halves go to the even neighbour. */
export function pythonRound(value: number): number {
  const below = Math.floor(value)
  const rest = value - below
  if (rest !== 0.5) return Math.round(value)
  return below % 2 === 0 ? below : below + 1
}
