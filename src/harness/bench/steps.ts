/** Where a history of times changed for good: binary segmentation, each cut tested by permutation. */
import { median } from './distribution.js'
import { seededRandom } from './random.js'

export interface Step {
  /** Index of the first value after the change. */
  at: number
  /** Median after over median before. */
  ratio: number
  /** Of the permutation test. */
  p: number
}

export interface StepRules {
  /** Fewest values between two steps. @default 4 */
  atLeast?: number
  /** Smaller changes are nothing. @default 0.02 */
  minimumEffect?: number
  /** @default 0.01 */
  p?: number
  /** @default 1 */
  seed?: number
}

const PERMUTATIONS = 999

/** Steps of a series of positive values, in its order. */
export function findSteps(values: readonly number[], rules: StepRules = {}): Step[] {
  const { atLeast = 4, minimumEffect = 0.02, p = 0.01, seed = 1 } = rules
  const random = seededRandom(seed)
  // Ranks do not mind the odd slow run.
  const ranks = ranksOf(values)

  /** Cuts in ascending order. */
  function search(from: number, to: number): Omit<Step, 'ratio'>[] {
    const best = bestCut(ranks.slice(from, to), atLeast)
    if (best === undefined) return []
    const shuffled = ranks.slice(from, to)
    let asGood = 0
    for (let i = 0; i < PERMUTATIONS; i++) {
      shuffle(shuffled, random)
      if ((bestCut(shuffled, atLeast)?.score ?? 0) >= best.score) asGood++
    }
    const chance = (asGood + 1) / (PERMUTATIONS + 1)
    if (chance > p) return []
    const at = from + best.at
    return [...search(from, at), { at, p: chance }, ...search(at, to)]
  }
  const cuts = search(0, values.length)
  return cuts.flatMap((cut, i) => {
    const before = values.slice(cuts[i - 1]?.at ?? 0, cut.at)
    const after = values.slice(cut.at, cuts[i + 1]?.at)
    const ratio = median(after) / median(before)
    return Math.abs(Math.log(ratio)) < Math.log(1 + minimumEffect) ? [] : [{ ...cut, ratio }]
  })
}

function ranksOf(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b)
  return values.map(value => (sorted.indexOf(value) + sorted.lastIndexOf(value)) / 2)
}

/** The cut whose sides' means lie furthest apart, weighted by how many values they rest on. */
function bestCut(values: readonly number[], atLeast: number): { at: number; score: number } | undefined {
  const n = values.length
  const total = values.reduce((sum, value) => sum + value, 0)
  let best: { at: number; score: number } | undefined
  let left = 0
  for (let at = 1; at < n; at++) {
    left += values[at - 1] ?? 0
    if (at < atLeast || n - at < atLeast) continue
    const score = Math.abs(left / at - (total - left) / (n - at)) * Math.sqrt((at * (n - at)) / n)
    if (best === undefined || score > best.score) best = { at, score }
  }
  return best
}

/** Fisher and Yates. */
function shuffle(values: number[], random: () => number): void {
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const [a = 0, b = 0] = [values[i], values[j]]
    values[i] = b
    values[j] = a
  }
}
