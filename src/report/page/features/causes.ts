/** Differences by what they have in common: one cause is looked at once, however many cases it touches. */
import type { Comparison } from '../../../harness/compare/schema.js'
import { plural } from '../../summary.js'
import { badge } from '../badge.js'
import { foreign, h } from '../dom.js'
import { formatLink, START } from '../link.js'

/** Cases named of a cause; the link leads to all. */
const NAMED = 6

export function causes({ groups, candidates, uncompared }: Comparison): HTMLElement {
  return h(
    'section',
    { class: 'panel causes', 'aria-label': 'Causes' },
    h('h2', {}, 'Causes'),
    h('p', { class: 'muted' }, 'Cases that left the reference in the same way stand together.'),
    h(
      'ul',
      {},
      ...groups.map(({ fingerprint, verdict, gate, says, cases, features, candidate }) =>
        h(
          'li',
          {},
          h(
            'p',
            {},
            badge(verdict, gate),
            ' ',
            h('a', { href: formatLink({ ...START, cause: fingerprint }) }, foreign(says)),
            h('span', { class: 'count' }, plural(cases.length, 'case')),
            candidates.length > 1 && foreign(candidates[candidate]?.name ?? '', { class: 'count' }),
          ),
          h(
            'p',
            { class: 'tags' },
            ...features.map(feature => foreign(feature, { class: 'tag' })),
            ...cases
              .slice(0, NAMED)
              .map(id => h('a', { href: formatLink({ ...START, open: id }), class: 'mono' }, foreign(id))),
            cases.length > NAMED && `and ${cases.length - NAMED} more`,
          ),
        ),
      ),
    ),
    uncompared.length > 0 &&
      h(
        'details',
        {},
        h('summary', {}, `${plural(uncompared.length, 'case')} could not be compared`),
        h(
          'ul',
          {},
          ...uncompared.map(({ id, reason }) =>
            h('li', {}, foreign(id, { class: 'mono' }), ' ', foreign(reason, { class: 'muted' })),
          ),
        ),
      ),
  )
}
