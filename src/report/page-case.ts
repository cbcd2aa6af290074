import type { CaseResult } from '../harness/run-schema.js'
import type { PageCase } from './page-data.js'
import { decidingMetric, isDistance, type Metric, OUTCOMES, outcomeOf, reasonOf } from './summary.js'

/** What the page shows of a case before it is opened; `pictures` are where its pictures and its golden's are found. */
export function pageCase(result: CaseResult, pictures: Pick<PageCase, 'candidate' | 'golden'>): PageCase {
  const { id, fixture, verdict, faults, timings } = result
  const { title, source, features, twin } = fixture
  const metric = decidingMetric(result)
  const [fault] = faults
  return {
    id,
    outcome: outcomeOf(result),
    reason: reasonOf(result),
    ...(title === undefined ? {} : { title }),
    ...(source === undefined ? {} : { source }),
    features,
    ...(twin === undefined ? {} : { twin }),
    prompt: promptOf(fixture.payload),
    ...(metric === undefined ? {} : { metric }),
    likeness: likeness(result, metric),
    gates: verdict?.gates.map(({ gate, verdict }) => ({ gate, verdict })) ?? [],
    ...(verdict?.gate === undefined ? {} : { gate: verdict.gate }),
    ...(verdict?.difference === undefined ? {} : { cause: verdict.difference }),
    ...(fault === undefined ? {} : { fault: fault.message }),
    totalMs: timings.total,
    ...pictures,
  }
}

type Ordered = Pick<PageCase, 'id' | 'outcome' | 'likeness' | 'totalMs'>

export const byName = (a: Ordered, b: Ordered) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

export const leastAlikeFirst = (a: Ordered, b: Ordered) => a.likeness - b.likeness || byName(a, b)

/** What needs a person most comes first: the order in which the page opens, and in which its pictures are stored. */
export const worstFirst = (a: Ordered, b: Ordered) =>
  OUTCOMES.indexOf(a.outcome) - OUTCOMES.indexOf(b.outcome) || leastAlikeFirst(a, b)

export const slowestFirst = (a: Ordered, b: Ordered) => b.totalMs - a.totalMs || byName(a, b)

/** SSIM where it was measured, else the deciding metric, turned so that less is worse. */
function likeness({ verdict }: CaseResult, metric: Metric | undefined): number {
  const ssim = verdict?.gates.map(({ metrics }) => metrics.ssim).find(value => value !== undefined)
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
