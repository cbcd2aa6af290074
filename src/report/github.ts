/** Annotations of GitHub Actions: workflow commands, one a line. */
import type { Run } from '../harness/run-schema.js'
import { oneLine } from './format.js'
import { expiredWaivers, outcomeOf, plural, reasonOf } from './summary.js'

/** GitHub shows ten of a kind a step, and a log is read by people, too. */
const MOST = 30

/** One for each cause, one for each case that has none, one for each waiver that expired. */
export function renderAnnotations(run: Run): string {
  const groups = (run.comparison?.groups ?? []).map(({ fingerprint, cases, says, verdict }) => {
    const own = cases.filter(id => run.cases.some(each => each.id === id && outcomeOf(each) !== 'waived'))
    const listed = own.slice(0, 5).join(', ') + (own.length > 5 ? ` and ${own.length - 5} more` : '')
    return {
      cases: own,
      level: verdict === 'drift' ? 'warning' : 'error',
      title: `${plural(own.length, 'case')}: ${oneLine(says, 80)}`,
      message: `${listed} (group ${fingerprint})`,
    }
  })
  const grouped = new Set(groups.flatMap(({ cases }) => cases))
  const others = run.cases.flatMap(result => {
    const outcome = outcomeOf(result)
    if (grouped.has(result.id) || outcome === 'pass' || outcome === 'waived') return []
    const level = outcome === 'fail' || outcome === 'error' ? 'error' : 'warning'
    return [{ level, title: `${result.id}: ${outcome}`, message: oneLine(reasonOf(result)) }]
  })
  const waivers = expiredWaivers(run).map(message => ({ level: 'error', title: 'waiver expired', message }))
  const all = [...waivers, ...groups.filter(({ cases }) => cases.length > 0), ...others]
  const lines = all
    .slice(0, MOST)
    .map(({ level, title, message }) => `::${level} title=${property(title)}::${data(message)}\n`)
  if (all.length > MOST) lines.push(`::warning title=horde-onnx::${all.length - MOST} more are in the report\n`)
  return lines.join('')
}

/** What would end a value or the line is written as GitHub's own toolkit writes it. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
