import Table from 'cli-table3'
import type { Run } from '../harness/run-schema.js'
import { coverageLine } from './coverage.js'
import { formatDuration, formatName, formatNumber, oneLine } from './format.js'
import {
  decidingMetric,
  expiredWaivers,
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

/** Terminals narrower than this are spared the metric: the reason tells it, too. */
const WIDE = 110

/** Least columns for a reason, below which the table is wider than the terminal. */
const LEAST = 16

/** The run as a table for terminals: what needs a person last, where the eye is when the command ends. */
export function renderTable(run: Run, options: TableOptions = {}): string {
  const { colour = process.stdout.isTTY === true && !process.env.NO_COLOR, width = process.stdout.columns ?? 120 } =
    options
  const paint = (code: number, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)
  const rows = run.cases
    .toSorted((a, b) => OUTCOMES.indexOf(outcomeOf(b)) - OUTCOMES.indexOf(outcomeOf(a)))
    .map(result => ({
      result,
      outcome: outcomeOf(result),
      metric: width < WIDE ? '' : metricText(result),
      time: formatDuration(result.timings.total),
    }))
  const hasMetrics = rows.some(({ metric }) => metric !== '')
  const widest = (texts: readonly string[], least: number) => Math.max(least, ...texts.map(({ length }) => length))
  const border = hasMetrics ? 16 : 13
  const fixed =
    border +
    widest(
      rows.map(({ outcome }) => outcome),
      7,
    ) +
    widest(
      rows.map(({ metric }) => metric),
      0,
    ) +
    widest(
      rows.map(({ time }) => time),
      4,
    )
  const room = Math.max(2 * LEAST, width - fixed)
  const idWidth = Math.min(
    widest(
      run.cases.map(({ id }) => id),
      4,
    ),
    Math.floor(room / 2),
  )
  const columns = ['case', 'verdict', 'reason', ...(hasMetrics ? ['metric'] : []), 'time']
  const table = new Table({
    head: columns.map(name => paint(1, name)),
    style: { head: [], border: colour ? ['gray'] : [], compact: true },
    colAligns: columns.map(name => (name === 'time' ? 'right' : 'left')),
  })
  for (const { result, outcome, metric, time } of rows) {
    table.push([
      oneLine(result.id, idWidth),
      paint(ANSI[outcome], outcome),
      oneLine(reasonOf(result), room - idWidth),
      ...(hasMetrics ? [metric] : []),
      time,
    ])
  }
  const summary = summarise(run)
  const { tone, text } = headline(summary)
  const counts = OUTCOMES.filter(outcome => summary.counts[outcome] > 0).map(outcome =>
    paint(ANSI[outcome], `${summary.counts[outcome]} ${outcome}`),
  )
  return [
    ...(run.cases.length > 0 ? [table.toString()] : []),
    `${paint(tone === 'good' ? 32 : tone === 'warn' ? 33 : 31, text)} (${[formatDuration(run.wallMs), ...(counts.length > 1 ? counts : [])].join(', ')})`,
    ...expiredWaivers(run).map(text => paint(31, text)),
    ...[foreignGoldens(summary, run), coverageLine(run)].filter(note => note !== undefined),
  ].join('\n')
}

function metricText(result: Run['cases'][number]): string {
  const metric = decidingMetric(result)
  if (metric === undefined) return ''
  const limit = metric.limit === undefined ? '' : ` / ${formatNumber(metric.limit)}`
  return `${formatName(metric.name)} ${formatNumber(metric.value)}${limit}`
}
