import type { Comparison } from '../harness/compare/schema.js'
import type { CaseResult, Run } from '../harness/run-schema.js'
import { coverageLine, groupedCoverage } from './coverage.js'
import { formatDuration, formatName, formatNumber } from './format.js'
import { code, plain } from './markdown-text.js'
import { groupsMarkdown, matrixMarkdown } from './matrix.js'
import { pillarLine, pillarsOf } from './pillars.js'
import { kudosMarkdown, speedMarkdown } from './speed-markdown.js'
import { stressMarkdown } from './stress-markdown.js'
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

export interface MarkdownOptions {
  /** Rows per table; a comment on GitHub holds 65,536 characters. @default 100 */
  rows?: number
}

const SIGNS: Record<Outcome, string> = {
  fail: '❌',
  error: '💥',
  drift: '🟠',
  'no-golden': '❔',
  unjudged: '⚪',
  waived: '🏳️',
  pass: '✅',
}

/** The run as a comment on a pull request: the sentence, the counts, what needs a person, and the rest folded away. */
export function renderMarkdown(run: Run, { rows = 100 }: MarkdownOptions = {}): string {
  const summary = summarise(run)
  const { tone, text } = headline(summary)
  const { environment } = run
  const settled = new Set<Outcome>(['pass', 'waived', 'unjudged'])
  const inOrder = run.cases.toSorted((a, b) => OUTCOMES.indexOf(outcomeOf(a)) - OUTCOMES.indexOf(outcomeOf(b)))
  const open = inOrder.filter(result => !settled.has(outcomeOf(result)))
  const rest = inOrder.filter(result => settled.has(outcomeOf(result)))
  const counted = OUTCOMES.filter(outcome => summary.counts[outcome] > 0)
  const foreign = foreignGoldens(summary, run)
  const blocks = [
    `## ${tone === 'good' ? SIGNS.pass : tone === 'warn' ? SIGNS.drift : SIGNS.fail} ${text}`,
    counted.map(outcome => `${SIGNS[outcome]} ${summary.counts[outcome]} ${outcome}`).join(' · '),
    stageLine(run),
    plain(pillarLine(pillarsOf({ run, summary, totalMs: run.cases.map(({ timings }) => timings.total) }))),
    foreign === undefined ? '' : `> ${plain(foreign)}`,
    run.complete ? '' : `> This run was cut off: ${summary.pending} selected cases never ran.`,
    ...expiredWaivers(run).map(text => `> ${SIGNS.fail} ${plain(text)}`),
    ...(run.comparison === undefined ? [] : [groupsMarkdown(run.comparison, rows)]),
    caseTable(open, rows),
    ...(run.comparison === undefined ? [] : [matrixMarkdown(run.comparison, rows)]),
    rest.length === 0
      ? ''
      : `<details><summary>${rest.length} ${open.length > 0 ? 'other ' : ''}cases</summary>\n\n${caseTable(rest, rows)}\n\n</details>`,
    run.stress === undefined ? '' : stressMarkdown(run.stress, rows),
    run.speed === undefined ? '' : speedMarkdown(run.speed),
    run.kudos === undefined ? '' : kudosMarkdown(run.kudos),
    coverageTable(run),
    `<sub>${[
      `${code(run.backend)} ${plain(run.version)}`,
      run.commit === undefined ? '' : code(run.commit.slice(0, 12)),
      code(environment.class),
      `${plain(environment.device)}`,
      formatDuration(run.wallMs),
      plain(run.createdAt),
    ]
      .filter(part => part !== '')
      .join(' · ')}</sub>`,
  ]
  return `${blocks.filter(block => block !== '').join('\n\n')}\n`
}

/** What each stage of the gate said. */
function stageLine({ stages = [] }: Run): string {
  const lines = stages.map(
    ({ name, exitCode, says }) => `- ${exitCode === 0 ? SIGNS.pass : SIGNS.fail} ${code(name)} ${plain(says)}`,
  )
  return lines.join('\n')
}

/** A comparison of several runs: the matrix, the causes, and what could not be compared. */
export function renderComparison(comparison: Comparison, { rows = 100 }: MarkdownOptions = {}): string {
  const { candidates, reference, uncompared } = comparison
  const lines = uncompared
    .slice(0, rows)
    .map(
      ({ id, candidate, reason }) => `| ${code(id)} | ${plain(candidates[candidate]?.name ?? '')} | ${plain(reason)} |`,
    )
  const blocks = [
    `## ${candidates.map(({ name }) => plain(name)).join(', ')} against ${plain(reference.name)}`,
    matrixMarkdown(comparison, rows),
    groupsMarkdown(comparison, rows),
    lines.length === 0
      ? ''
      : `### ${uncompared.length} not compared\n\n| case | run | reason |\n| --- | --- | --- |\n${lines.join('\n')}`,
  ]
  return `${blocks.filter(block => block !== '').join('\n\n')}\n`
}

function caseTable(cases: readonly CaseResult[], rows: number): string {
  if (cases.length === 0) return ''
  const lines = cases.slice(0, rows).map(result => {
    const outcome = outcomeOf(result)
    const cells = [
      code(result.id),
      `${SIGNS[outcome]} ${outcome}`,
      plain(reasonOf(result)),
      metricText(result),
      formatDuration(result.timings.total),
    ]
    return `| ${cells.join(' | ')} |`
  })
  const more =
    cases.length > rows ? `\n\n… and ${cases.length - rows} more: they are on the page and in \`run.json\`.` : ''
  return `| case | verdict | reason | metric | time |\n| --- | --- | --- | --- | ---: |\n${lines.join('\n')}${more}`
}

function metricText(result: CaseResult): string {
  const metric = decidingMetric(result)
  if (metric === undefined) return ''
  const limit = metric.limit === undefined ? '' : ` (limit ${formatNumber(metric.limit)})`
  return plain(`${formatName(metric.name)} ${formatNumber(metric.value)}${limit}`)
}

/** A row for each kind of feature; what is gated is counted, the rest is named. */
function coverageTable({ coverage, cases }: Run): string {
  const line = coverageLine({ coverage, cases })
  if (coverage === undefined || line === undefined) return ''
  const rows = groupedCoverage(coverage).map(({ group, gated, others }) => {
    const rest = others.map(({ status, names }) => `${status}: ${names.map(code).join(' ')}`)
    return `| ${plain(group)} | ${gated} | ${rest.join('; ')} |`
  })
  return `<details><summary>${plain(line)}</summary>\n\n| kind | gated | others |\n| --- | ---: | --- |\n${rows.join('\n')}\n\n</details>`
}
