/** Pairs of times → faster, slower, same or unsure: pure, and repeatable by its seed. */
import { quantile } from './distribution.js'
import { mannWhitneyP } from './mann-whitney.js'
import { seededRandom } from './random.js'
import type { Decision, Ratio } from './speed-schema.js'

/** Milliseconds of two runs that were taken one right after the other. */
export interface Pair {
  baseline: number
  candidate: number
}

export interface DecisionRules {
  /** Of the interval. @default 0.98 */
  confidence?: number
  /** Ratios within 1 ± this are nothing: what machines do by themselves. @default 0.02 */
  minimumEffect?: number
  /** @default 1 */
  seed?: number
  /** There are more pairs than were asked for. @default false */
  doubled?: boolean
}

export const DEFAULT_RULES = { confidence: 0.98, minimumEffect: 0.02, seed: 1, doubled: false } as const

/** Below this the times are suspected to differ, which asks for more pairs and decides nothing. */
const SUSPICION = 0.05

const RESAMPLES = 2000

/**
 * Slower where the whole interval of the paired ratio is beyond the minimum effect, faster where it is on the other side, same
 * where it is within; unsure otherwise (research/harness.md §2.9 compares the rules).
 *
 * @param groups pairs of one payload or of several; each payload counts the same
 * @throws RangeError without pairs
 */
export function decide(groups: readonly (readonly Pair[])[], rules: DecisionRules = {}): Decision {
  const { confidence, minimumEffect, seed, doubled } = { ...DEFAULT_RULES, ...rules }
  const ratio = bootstrapRatio(groups, { confidence, seed })
  const p = mannWhitneyP(relative(groups, 'baseline'), relative(groups, 'candidate'))
  const { low, high, estimate } = ratio
  const percent = (value: number) => `${value >= 1 ? '+' : '−'}${(Math.abs(value - 1) * 100).toFixed(1)} %`
  const shown = `${percent(estimate)} (${percent(low)} to ${percent(high)})`
  const limit = `±${(minimumEffect * 100).toFixed(0)} %`
  const common = { ratio, p, doubled }
  if (low > 1 + minimumEffect) return { verdict: 'slower', ...common, reason: `the time changed by ${shown}` }
  if (high < 1 / (1 + minimumEffect)) return { verdict: 'faster', ...common, reason: `the time changed by ${shown}` }
  if (low >= 1 / (1 + minimumEffect) && high <= 1 + minimumEffect) {
    return { verdict: 'same', ...common, reason: `the time changed by ${shown}, which is within ${limit}` }
  }
  return {
    verdict: 'unsure',
    ...common,
    reason: `the time changed by ${shown}, which is neither within ${limit} nor beyond: measure more pairs on a quieter machine`,
  }
}

/** Most times as many pairs as were asked for. */
const MOST = 8

/** Milliseconds that a payload's pairs may have taken for more of them to be cheap. */
const CHEAP_MS = 20_000

/**
 * Whether twice as many pairs are worth their time: nothing is decided, and either they cost little or, once, the ranks look
 * different.
 */
export function wantsMore(
  { verdict, p, doubled }: Decision,
  { taken, wanted, spentMs }: { taken: number; wanted: number; spentMs: number },
): boolean {
  if (verdict !== 'unsure' || taken >= MOST * wanted) return false
  return spentMs < CHEAP_MS || (p < SUSPICION && !doubled)
}

/** Times over the median of their payload, so that payloads of all sizes can be ranked together. */
function relative(groups: readonly (readonly Pair[])[], side: keyof Pair): number[] {
  return groups.flatMap(pairs => {
    const middle = quantile(
      pairs.flatMap(pair => [pair.baseline, pair.candidate]).toSorted((a, b) => a - b),
      0.5,
    )
    return pairs.map(pair => pair[side] / middle)
  })
}

/**
 * Percentile bootstrap (Efron 1979) of the typical paired ratio. What is typical of few pairs with the odd spike among them: the
 * interquartile mean of their logarithms.
 */
export function bootstrapRatio(
  groups: readonly (readonly Pair[])[],
  { confidence, seed }: { confidence: number; seed: number },
): Ratio {
  const logs = groups.map(pairs => pairs.map(({ baseline, candidate }) => Math.log(candidate / baseline)))
  if (logs.length === 0 || logs.some(({ length }) => length === 0)) throw new RangeError('a decision needs pairs')
  const random = seededRandom(seed)
  const overall = (pick: (values: readonly number[]) => readonly number[]) =>
    logs.reduce((sum, values) => sum + interquartileMean(pick(values)), 0) / logs.length
  const resampled = Array.from({ length: RESAMPLES }, () =>
    overall(values => values.map(() => values[Math.floor(random() * values.length)] ?? 0)),
  ).sort((a, b) => a - b)
  return {
    estimate: Math.exp(overall(values => values)),
    low: Math.exp(quantile(resampled, (1 - confidence) / 2)),
    high: Math.exp(quantile(resampled, (1 + confidence) / 2)),
    confidence,
  }
}

/** Mean of the middle half; the values at its borders count in part. */
export function interquartileMean(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const cut = sorted.length / 4
  let [sum, weight] = [0, 0]
  for (const [i, value] of sorted.entries()) {
    const share = Math.min(i + 1, sorted.length - cut) - Math.max(i, cut)
    if (share <= 0) continue
    sum += share * value
    weight += share
  }
  return sum / weight
}
