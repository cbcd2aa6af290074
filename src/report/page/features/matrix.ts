/** The feature parity matrix: what every feature looks like in every candidate, beside the reference. */
import type { Cell, Comparison, Standing } from '../../../harness/compare/schema.js'
import { plural } from '../../summary.js'
import { foreign, h } from '../dom.js'

const SIGNS: Record<Standing, string> = {
  fault: '!',
  different: '✕',
  unsupported: '–',
  drift: '≈',
  uncompared: '?',
  same: '✓',
}

/** The most serious first; the schema's own list would bring the schema's library along. */
const STANDINGS: readonly Standing[] = ['fault', 'different', 'unsupported', 'drift', 'uncompared', 'same']

type Row = Comparison['matrix'][number]

export function matrix(comparison: Comparison, onFeature: (name: string) => void): HTMLElement {
  const { reference, candidates } = comparison
  const kinds = new Map<string, Row[]>()
  for (const row of comparison.matrix) {
    const kind = kindOf(row.feature)
    kinds.set(kind, [...(kinds.get(kind) ?? []), row])
  }
  return h(
    'section',
    { class: 'panel', 'aria-label': 'Feature parity' },
    h('h2', {}, 'Feature parity'),
    h('p', { class: 'muted' }, 'Compared with ', foreign(reference.name), `, ${plural(reference.cases, 'case')}.`),
    h(
      'ul',
      { class: 'key' },
      ...STANDINGS.toReversed().map(standing => h('li', { class: standing }, mark(standing), standing)),
    ),
    h(
      'div',
      { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': 'Feature parity matrix' },
      h(
        'table',
        { class: 'matrix' },
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            h('th', { scope: 'col' }, 'feature'),
            ...candidates.map(({ name }) => h('th', { scope: 'col' }, foreign(name))),
          ),
        ),
        ...[...kinds].map(([kind, rows]) => kindBody(kind, rows, onFeature)),
      ),
    ),
  )
}

/** A kind of features is one row until somebody, or something that is not the same, asks for more. */
function kindBody(kind: string, rows: readonly Row[], onFeature: (name: string) => void): HTMLElement {
  const [only] = rows
  if (rows.length === 1 && only) return h('tbody', {}, featureRow(only, onFeature))
  const settled = rows.every(({ cells }) => cells.every(({ standing }) => standing === 'same'))
  const children = rows.map(row => featureRow(row, onFeature))
  const toggle = h(
    'button',
    {
      class: 'link',
      'aria-expanded': String(!settled),
      onclick: () => open(toggle.getAttribute('aria-expanded') !== 'true'),
    },
    foreign(kind),
    h('span', { class: 'count' }, ` ${rows.length}`),
  )
  const open = (yes: boolean) => {
    toggle.setAttribute('aria-expanded', String(yes))
    for (const child of children) child.hidden = !yes
  }
  open(!settled)
  const cells = (rows[0]?.cells ?? []).map((_, column) => sumOf(rows.map(row => row.cells[column])))
  return h('tbody', {}, h('tr', { class: 'kind' }, h('th', { scope: 'row' }, toggle), ...cells.map(cell)), ...children)
}

function featureRow({ feature, cells }: Row, onFeature: (name: string) => void): HTMLTableRowElement {
  const name = feature === '(none)' ? 'no feature named' : feature
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, h('button', { class: 'link', onclick: () => onFeature(feature) }, foreign(name))),
    ...cells.map(cell),
  )
}

/** The most serious standing with its count, and the shares of all of them. */
function cell({ standing, counts }: Pick<Cell, 'standing' | 'counts'>): HTMLElement {
  const present = STANDINGS.filter(each => (counts[each] ?? 0) > 0)
  const total = present.reduce((sum, each) => sum + (counts[each] ?? 0), 0)
  const text = present.length === 1 ? `${total} ${standing}` : `${counts[standing] ?? 0} of ${total} ${standing}`
  const bar = h(
    'span',
    { class: 'bar', 'aria-hidden': 'true' },
    ...present.toReversed().map(each => {
      const part = h('span', { class: each })
      part.style.flexGrow = String(counts[each] ?? 0)
      return part
    }),
  )
  return h('td', { class: standing }, h('div', {}, mark(standing), h('span', {}, text), bar))
}

function mark(standing: Standing): HTMLElement {
  return h('span', { class: 'sign', 'aria-hidden': 'true' }, SIGNS[standing])
}

function sumOf(cells: readonly (Cell | undefined)[]): Pick<Cell, 'standing' | 'counts'> {
  const counts: Cell['counts'] = {}
  for (const cell of cells) {
    for (const standing of STANDINGS) {
      const count = cell?.counts[standing] ?? 0
      if (count > 0) counts[standing] = (counts[standing] ?? 0) + count
    }
  }
  return { counts, standing: STANDINGS.find(standing => (counts[standing] ?? 0) > 0) ?? 'uncompared' }
}

function kindOf(feature: string): string {
  return /^[^:]+(?=:)/.exec(feature)?.[0] ?? feature
}
