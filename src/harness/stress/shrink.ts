/** Delta debugging (Zeller and Hildebrandt 2002, "Simplifying and Isolating Failure-Inducing Input"): `ddmin` over a list. */

export interface Shrunk<T> {
  items: readonly T[]
  /** How often `fails` was asked. */
  runs: number
}

/**
 * A list from which nothing can be left out without it ceasing to fail.
 *
 * @param fails whether a list fails; the whole list does
 * @param mostRuns after so many questions the smallest list so far is the answer
 */
export async function shrink<T>(
  items: readonly T[],
  fails: (items: readonly T[]) => Promise<boolean>,
  mostRuns: number,
): Promise<Shrunk<T>> {
  let smallest = items
  let parts = 2
  let runs = 0
  const ask = (list: readonly T[]) => {
    runs++
    return fails(list)
  }
  search: while (smallest.length >= 2) {
    const size = Math.ceil(smallest.length / parts)
    const chunks = Array.from(
      { length: Math.ceil(smallest.length / size) },
      (_, i) => [i * size, (i + 1) * size] as const,
    )
    for (const [from, to] of chunks) {
      if (runs >= mostRuns) break search
      const part = smallest.slice(from, to)
      if (part.length < smallest.length && (await ask(part))) {
        smallest = part
        parts = 2
        continue search
      }
    }
    for (const [from, to] of chunks.length > 2 ? chunks : []) {
      if (runs >= mostRuns) break search
      const rest = [...smallest.slice(0, from), ...smallest.slice(to)]
      if (await ask(rest)) {
        smallest = rest
        parts = Math.max(2, parts - 1)
        continue search
      }
    }
    if (parts >= smallest.length) break
    parts = Math.min(smallest.length, 2 * parts)
  }
  return { items: smallest, runs }
}
