/** What of a payload's space the run covers, as a map: a tile for each feature, a row for each kind of them. */
import type { Coverage, CoverageStatus } from '../../../harness/run-schema.js'
import { foreign, h } from '../dom.js'

const SAYS: Record<CoverageStatus, string> = {
  gated: 'judged by a golden',
  replayed: 'drawn, not judged',
  aliased: 'same as another',
  fault: 'refused as it should be',
  error: 'ended in an error',
  unselected: 'not selected',
  missing: 'no fixture',
}

/** From the most to the least; the schema's own list would bring the schema's library along. */
const STATUSES: readonly CoverageStatus[] = ['gated', 'replayed', 'aliased', 'fault', 'error', 'unselected', 'missing']

type Entry = Coverage['entries'][number]

export function coverageMap(coverage: Coverage, onFeature: (name: string) => void): HTMLElement {
  const groups = [...new Set(coverage.entries.map(({ group }) => group))]
  const counts = STATUSES.map(status => ({
    status,
    count: coverage.entries.filter(entry => entry.status === status).length,
  })).filter(({ count }) => count > 0)
  return h(
    'section',
    { class: 'panel coverage', 'aria-label': 'Coverage' },
    h('h2', {}, 'Coverage'),
    h('p', { class: 'muted' }, 'What a payload can ask for, and what this run did of it.'),
    h(
      'ul',
      { class: 'key' },
      ...counts.map(({ status, count }) =>
        h('li', { class: status }, h('span', { class: 'tile', 'aria-hidden': 'true' }), `${count} ${SAYS[status]}`),
      ),
    ),
    h(
      'dl',
      {},
      ...groups.flatMap(group => {
        const entries = coverage.entries.filter(entry => entry.group === group)
        const gated = entries.filter(({ status }) => status === 'gated').length
        return [
          h('dt', {}, foreign(NAMES[group] ?? group), h('span', { class: 'count' }, `${gated}/${entries.length}`)),
          h('dd', {}, ...entries.map(entry => tile(entry, onFeature))),
        ]
      }),
    ),
  )
}

const NAMES: Readonly<Record<string, string>> = { pair: 'pairs', own: 'of these fixtures', ti: 'embeddings' }

/** Its cases, where it has any, are one click away. */
function tile({ name, group, status, cases }: Entry, onFeature: (name: string) => void): HTMLElement {
  const short = name.startsWith(`${group}:`) ? name.slice(group.length + 1) : name
  const says = `${name}: ${SAYS[status]}${cases.length > 0 ? `, ${cases.length} ${cases.length === 1 ? 'case' : 'cases'}` : ''}`
  const content = [foreign(short), h('span', { class: 'hidden' }, ` ${SAYS[status]}`)]
  return cases.length === 0
    ? h('span', { class: `tile ${status}`, title: says }, ...content)
    : h('button', { class: `tile ${status}`, title: says, onclick: () => onFeature(name) }, ...content)
}
