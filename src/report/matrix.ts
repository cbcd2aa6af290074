/** The feature parity matrix and the causes of what changed, for terminals and for Markdown. */
import Table from 'cli-table3'
import type { Cell, Comparison, Group, Standing } from '../harness/compare/schema.js'
import { oneLine } from './format.js'
import { code, plain } from './markdown-text.js'
import { plural } from './summary.js'

const SIGNS: Record<Standing, string> = {
  fault: '💥',
  different: '❌',
  unsupported: '🚫',
  drift: '🟠',
  uncompared: '❔',
  same: '✅',
}

const ANSI: Record<Standing, number> = {
  fault: 35,
  different: 31,
  unsupported: 90,
  drift: 33,
  uncompared: 36,
  same: 32,
}

/** Groups that are told in full; the rest is on the page. */
const TOLD_GROUPS = 10

/** `same (4)`, `different (1 of 4)`. */
function cellText({ standing, counts }: Cell): string {
  const cases = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const own = counts[standing] ?? 0
  if (cases === 0) return 'no case'
  return own === cases ? `${standing} (${cases})` : `${standing} (${own} of ${cases})`
}

export function renderMatrix({ matrix, candidates, reference }: Comparison, { colour = false } = {}): string {
  const paint = (ansi: number, text: string) => (colour ? `\u001b[${ansi}m${text}\u001b[0m` : text)
  const table = new Table({
    head: ['feature', ...candidates.map(({ name }) => oneLine(name, 40))].map(text => paint(1, text)),
    style: { head: [], border: colour ? ['gray'] : [], compact: true },
  })
  for (const { feature, cells } of matrix) {
    table.push([oneLine(feature, 40), ...cells.map(cell => paint(ANSI[cell.standing], cellText(cell)))])
  }
  return `against ${oneLine(reference.name, 80)}\n${table.toString()}`
}

/** What changed, a line for each cause. Empty where nothing did. */
export function renderGroups({ groups, candidates }: Comparison): string {
  const lines = groups.slice(0, TOLD_GROUPS).map(group => {
    const side = candidates.length > 1 ? ` [${oneLine(candidates[group.candidate]?.name ?? '', 40)}]` : ''
    return `  ${group.fingerprint}  ${plural(group.cases.length, 'case')} ${group.verdict}${side}: ${oneLine(group.says, 160)}\n                ${oneLine(group.cases.join(', '), 100)}`
  })
  const more = groups.length > TOLD_GROUPS ? [`  … and ${groups.length - TOLD_GROUPS} more`] : []
  return groups.length === 0 ? '' : [`${plural(groups.length, 'cause')}:`, ...lines, ...more].join('\n')
}

/** Folded away where everything is the same: nobody has to read it then. */
export function matrixMarkdown({ matrix, candidates, reference }: Comparison, rows: number): string {
  const head = ['feature', ...candidates.map(({ name }) => plain(name))]
  const lines = matrix
    .slice(0, rows)
    .map(
      ({ feature, cells }) =>
        `| ${[code(feature), ...cells.map(cell => `${SIGNS[cell.standing]} ${cellText(cell)}`)].join(' | ')} |`,
    )
  const more = matrix.length > rows ? `\n\n… and ${matrix.length - rows} more features.` : ''
  const table = `| ${head.join(' | ')} |\n| ${head.map(() => '---').join(' | ')} |\n${lines.join('\n')}${more}`
  const all = matrix.every(({ cells }) => cells.every(({ standing }) => standing === 'same'))
  const title = `Feature parity with ${plain(reference.name)}`
  return all
    ? `<details><summary>${title}: all ${matrix.length} the same</summary>\n\n${table}\n\n</details>`
    : `### ${title}\n\n${table}`
}

export function groupsMarkdown({ groups }: Comparison, rows: number): string {
  if (groups.length === 0) return ''
  const line = ({ fingerprint, cases, verdict, says, features }: Group) =>
    `| ${code(fingerprint)} | ${cases.length} | ${verdict} | ${plain(says)} | ${features.map(code).join(' ')} | ${cases.slice(0, 5).map(code).join(' ')}${cases.length > 5 ? ' …' : ''} |`
  return `### ${plural(groups.length, 'cause')}\n\n| group | cases | verdict | what they have in common | features | cases |\n| --- | ---: | --- | --- | --- | --- |\n${groups.slice(0, rows).map(line).join('\n')}`
}
