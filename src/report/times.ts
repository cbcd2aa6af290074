/** Ratios of times as people say them. */
import type { Decision, Ratio } from '../harness/bench/speed-schema.js'
import type { Tone } from './summary.js'

/** How many times as fast as the baseline: a ratio of times, turned over. */
export function timesAsFast({ estimate, low, high }: Ratio): { estimate: number; low: number; high: number } {
  return { estimate: 1 / estimate, low: 1 / high, high: 1 / low }
}

export function formatTimes(times: number): string {
  return `${times.toFixed(times < 10 ? 2 : 1)}×`
}

/** E.g. `1.21–1.34× with 98 % confidence`. */
export function intervalText(ratio: Ratio): string {
  const { low, high } = timesAsFast(ratio)
  return `${low.toFixed(2)}–${formatTimes(high)} with ${Number((ratio.confidence * 100).toFixed(1))} % confidence`
}

/** What is neither good nor bad has none. */
export const SPEED_TONES: Record<Decision['verdict'], Tone | undefined> = {
  faster: 'good',
  slower: 'bad',
  same: undefined,
  unsure: 'warn',
}
