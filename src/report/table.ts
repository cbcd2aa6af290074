import Table from 'cli-table3'
import type { Run } from '../harness/run-schema.js'
import { formatDuration, formatName, formatNumber, oneLine } from './format.js'
import {
  decidingMetric,
  foreignGoldens,
  headline,
  OUTCOMES,
  type Outcome,
  outcomeOf,
  reasonOf,
  summarise,
} from './summary.js'

export interface TableOptions {
  /** ANSI colours. @default true where standard output is a terminal that wants them (`NO_COLOR` is honoured) */
  colour?: boolean
  /** Columns of the terminal. @default those of standard output, else 120 */
  width?: number
}

const ANSI: Record<Outcome, number> = {
  fail: 31,
  error: 35,
  drift: 33,
  'no-golden': 36,
  unjudged: 90,
  waived: 90,
  pass: 32,
}

/** Columns that the borders, verdict, metric and time take beside case and reason. */
const FIXED = 60

/** The run as a table for terminals: what needs a person last, where the eye is when the command ends. */
export function renderTable(run: Run, options: TableOptions = {}): string {
  const { colour = process.stdout.isTTY === true && !process.env.NO_COLOR, width = process.stdout.columns ?? 120 } =
    options
  const paint = (code: number, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)
  const table = new Table({
    head: ['case', 'verdict', 'reason', 'metric', 'time'].map(name => paint(1, name)),
    style: { head: [], border: colour ? ['gray'] : [], compact: true },
    colAligns: ['left', 'left', 'left', 'left', 'right'],
  })
  const room = Math.max(40, width - FIXED)
  const longest = Math.max(4, ...run.cases.map(({ id }) => id.length))
  const idWidth = Math.min(longest, Math.floor(room / 2))
  const byUrgency = (outcome: Outcome) => -OUTCOMES.indexOf(outcome)
  for (const result of run.cases.toSorted((a, b) => byUrgency(outcomeOf(a)) - byUrgency(outcomeOf(b)))) {
    const outcome = outcomeOf(result)
    table.push([
      oneLine(result.id, idWidth),
      paint(ANSI[outcome], outcome),
      oneLine(reasonOf(result), room - idWidth),
      metricText(result),
      formatDuration(result.timings.total),
    ])
  }
  const summary = summarise(run)
  const { tone, text } = headline(summary)
  const counts = OUTCOMES.filter(outcome => summary.counts[outcome] > 0).map(outcome =>
    paint(ANSI[outcome], `${summary.counts[outcome]} ${outcome}`),
  )
  return [
    ...(run.cases.length > 0 ? [table.toString()] : []),
    `${paint(tone === 'good' ? 32 : tone === 'warn' ? 33 : 31, text)} in ${formatDuration(run.wallMs)}${counts.length > 1 ? ` (${counts.join(', ')})` : ''}`,
    ...[foreignGoldens(summary, run)].filter(note => note !== undefined),
  ].join('\n')
}

function metricText(result: Run['cases'][number]): string {
  const metric = decidingMetric(result)
  if (metric === undefined) return ''
  const limit = metric.limit === undefined ? '' : ` / ${formatNumber(metric.limit)}`
  return `${formatName(metric.name)} ${formatNumber(metric.value)}${limit}`
}
