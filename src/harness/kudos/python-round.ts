/**
 * Python's `round(value, 2)`: to the nearest cent of the exact binary value, and to the even cent where two are as near.
 * `toFixed` is as exact, but takes the upper of the two.
 */
export function roundToCents(value: number): number {
  const eighths = Math.abs(value) * 8
  const cents = Math.abs(value) * 100
  // Halves of a cent that a double can hold are odd eighths.
  if (eighths % 2 !== 1 || !Number.isSafeInteger(Math.floor(cents))) return Number(value.toFixed(2))
  const lower = Math.floor(cents)
  return (Math.sign(value) * (lower % 2 === 0 ? lower : lower + 1)) / 100
}
