import { mt19937 } from '../../sampling/noise/mt19937.js'

/** Chance that can be repeated. */
export interface Chance {
  /** 0 to `below` − 1. */
  index(below: number): number
  pick<T>(list: readonly T[]): T
  /** A copy in another order (Fisher and Yates). */
  shuffled<T>(list: readonly T[]): T[]
}

export function chance(seed: number): Chance {
  const generator = mt19937(BigInt(seed))
  const index = (below: number) => Math.floor((generator.next() / 2 ** 32) * below)
  return {
    index,
    pick<T>(list: readonly T[]): T {
      const [first] = list
      const picked = list[index(list.length)] ?? first
      if (picked === undefined) throw new RangeError('nothing to pick from')
      return picked
    },
    shuffled(list) {
      const copy = [...list]
      for (let i = copy.length - 1; i > 0; i--) {
        const j = index(i + 1)
        const [a, b] = [copy[i], copy[j]]
        if (a !== undefined && b !== undefined) [copy[i], copy[j]] = [b, a]
      }
      return copy
    },
  }
}
