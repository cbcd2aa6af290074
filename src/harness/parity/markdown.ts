import type { StageFigure } from './compare.js'
import type { ParityCase, ParityReport } from './run-parity.js'

/** Between these lines of a page stands the table, and nothing that was written by hand. */
const MARKS = ['<!-- parity table: begin -->', '<!-- parity table: end -->'] as const

/** The page with the table between its marks, or the table alone where there is no such page. */
export function withTable(page: string | undefined, table: string): string {
  const [begin, end] = MARKS
  const [before, rest] = split(page ?? '', begin)
  const [, after] = split(rest ?? '', end)
  return rest === undefined || after === undefined ? table : `${before}${begin}\n${table}${end}${after}`
}

/** What is in front of the mark and behind it; nothing is behind a mark that is not there. */
function split(text: string, mark: string): [before: string, after: string | undefined] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + mark.length)]
}

/** The table of docs/parity.md: one line a case. */
export function parityMarkdown({ pack, cases, totals }: ParityReport): string {
  const counted = (['pass', 'fail', 'unsupported', 'error'] as const).filter(verdict => totals[verdict] > 0)
  const worst = [
    ...(totals.latent === null ? [] : [`worst latent ${error(totals.latent)}`]),
    ...(totals.psnr === null ? [] : [`lowest PSNR ${totals.psnr.toFixed(1)} dB`]),
  ]
  return [
    `Pack \`${pack.name}\`${pack.about === '' ? '' : `, ${escaped(pack.about)}`}.`,
    '',
    `${[...counted.map(verdict => `${totals[verdict]} ${verdict}`), ...worst].join(' · ')}`,
    '',
    '| case | verdict | embeddings | encoded | noise | sigmas | latent | limit | pixels |',
    '|---|---|---|---|---|---|---|---|---|',
    ...cases.map(row),
    '',
  ].join('\n')
}

function row({ id, verdict, reason, leavesAt, stages }: ParityCase): string {
  if (stages.length === 0) return `| ${escaped(id)} | ${verdict}: ${escaped(reason)} | | | | | | | |`
  const of = (name: string) => stages.find(({ stage }) => stage === name)
  const embeddings = stages.filter(({ stage }) => stage.includes('cond')).map(({ figure }) => figure ?? 0)
  const latent = of('latent')
  const cells = [
    escaped(id),
    leavesAt === undefined ? verdict : `${verdict}, leaves at ${leavesAt}`,
    embeddings.length === 0 ? '' : error(Math.max(...embeddings)),
    tensor(of('encoded')),
    tensor(of('noise')),
    tensor(of('sigmas')),
    tensor(latent),
    latent === undefined ? '' : error(latent.limit),
    pixels(of('pixels')),
  ]
  return `| ${cells.join(' | ')} |`
}

function tensor(stage: StageFigure | undefined): string {
  if (stage === undefined) return ''
  return stage.figure === null ? (stage.problem ?? 'not finite') : error(stage.figure)
}

function pixels(stage: StageFigure | undefined): string {
  if (stage === undefined) return ''
  if (stage.problem !== undefined) return stage.problem
  const figure = stage.figure === null ? 'identical' : `${stage.figure.toFixed(1)} dB`
  return stage.judged ? figure : `(${figure})`
}

function error(value: number): string {
  return value === 0 ? '0' : value.toExponential(1)
}

function escaped(text: string): string {
  return text.replace(/[|\\`<>]/gu, character => `\\${character}`).replace(/\s+/gu, ' ')
}
