/** What a run says of recorded traffic, in words: for terminal, Markdown and page. */
import type { Traffic } from '../harness/kudos/kudos-schema.js'
import { oneLine } from './format.js'
import { plural } from './summary.js'
import { formatTimes } from './times.js'

/** Features that are shown: those that change the time most. */
export const TRAFFIC_ROWS = 12

export function trafficSentence(
  { from, payloads, covered, kudosPerHour, against }: Traffic,
  other: string | undefined,
): string {
  const whole = `On the ${plural(payloads, 'payload')} of ${oneLine(from)}`
  const part = covered === payloads ? '' : ` (${covered} of classes that this run drew)`
  if (covered === 0) return `${whole}${part}: nothing to say.`
  const earned = `${kudosPerHour.toLocaleString('en', { maximumFractionDigits: 0 })} kudos an hour`
  const ratio = against === undefined ? '' : `, ${formatTimes(against.ratio)} of what ${oneLine(other ?? '')} earns`
  return `${whole}${part}: ${earned}${ratio}.`
}

export function formatShare(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`
}

/** A change of the time of all traffic: `+2.1 %`. */
export function formatChange(change: number): string {
  return `${change < 0 ? '−' : '+'}${(100 * Math.abs(change)).toFixed(1)} %`
}
