/** The cases of the run as the grid and the viewer need them. */
import type { CaseResult } from '../../harness/run-schema.js'
import type { PageData, PictureRef } from '../page-data.js'
import { decidingMetric, isDistance, type Metric, OUTCOMES, type Outcome, outcomeOf, reasonOf } from '../summary.js'
import type { PageState } from './link.js'

export interface Entry {
  result: CaseResult
  outcome: Outcome
  reason: string
  metric: Metric | undefined
  prompt: string
  candidate: readonly PictureRef[]
  golden: readonly PictureRef[]
  /** What a search looks through. */
  text: string
}

export function entriesOf({ run, pictures }: PageData): Entry[] {
  return run.cases.map((result, index) => {
    const { candidate = [], golden = [] } = pictures[index] ?? {}
    const prompt = promptOf(result.fixture.payload)
    const reason = reasonOf(result)
    const { title = '', features, source = '' } = result.fixture
    return {
      result,
      outcome: outcomeOf(result),
      reason,
      metric: decidingMetric(result),
      prompt,
      candidate,
      golden,
      text: [result.id, title, source, prompt, reason, ...features].join('\n').toLowerCase(),
    }
  })
}

/** Those that a state lets through, in its order. */
export function select(entries: readonly Entry[], { query, outcomes, feature, sort }: PageState): Entry[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  return entries
    .filter(
      ({ outcome, result, text }) =>
        (outcomes.length === 0 || outcomes.includes(outcome)) &&
        (feature === '' || result.fixture.features.includes(feature)) &&
        words.every(word => text.includes(word)),
    )
    .sort(ORDERS[sort])
}

const byName = (a: Entry, b: Entry) => (a.result.id < b.result.id ? -1 : a.result.id > b.result.id ? 1 : 0)

const ORDERS: Record<PageState['sort'], (a: Entry, b: Entry) => number> = {
  verdict: (a, b) =>
    OUTCOMES.indexOf(a.outcome) - OUTCOMES.indexOf(b.outcome) || likeness(a) - likeness(b) || byName(a, b),
  name: byName,
  metric: (a, b) => likeness(a) - likeness(b) || byName(a, b),
  time: (a, b) => b.result.timings.total - a.result.timings.total || byName(a, b),
}

/** Comparable across cases: SSIM where it was measured, else the deciding metric, turned so that less is worse. */
function likeness({ result, metric }: Entry): number {
  const ssim = result.verdict?.gates.map(({ metrics }) => metrics.ssim).find(value => value !== undefined)
  if (ssim !== undefined) return ssim
  if (metric === undefined) return 2
  return isDistance(metric.name) ? -metric.value : metric.value
}

/** The prompt of a payload, wherever a pop or a bare payload has it; empty where the text is neither. */
function promptOf(payload: string): string {
  try {
    const value: unknown = JSON.parse(payload)
    for (const holder of [field(value, 'payload'), value]) {
      const prompt = field(holder, 'prompt')
      if (typeof prompt === 'string') return prompt
    }
  } catch {
    // A payload that is no JSON is shown as it is, and has no prompt of its own.
  }
  return ''
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined
}
