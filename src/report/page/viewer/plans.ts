/** What was decided before anything was computed, beside what was decided otherwise. */
import { h } from '../dom.js'
import { type Change, planChanges } from './plan-diff.js'

/** Rows after which a comparison says only how many there are. */
const SHOWN = 60

/** A table of what changed from one plan to another; a sentence where nothing did. */
export function planTable(was: unknown, is: unknown, names: { was: string; is: string }): HTMLElement {
  const changes = planChanges(was, is)
  if (changes.length === 0) return h('p', { class: 'muted' }, 'the two plans are the same')
  const more = changes.length - SHOWN
  return h(
    'div',
    { class: 'changes' },
    h(
      'table',
      { class: 'changes' },
      h('thead', {}, h('tr', {}, ...['where', names.was, names.is].map(name => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, ...changes.slice(0, SHOWN).map(row)),
    ),
    more > 0 && h('p', { class: 'muted' }, `and ${more} more`),
  )
}

function row({ path, was, is }: Change): HTMLElement {
  return h(
    'tr',
    {},
    h('th', { scope: 'row', dir: 'ltr' }, h('bdi', {}, ...path.split(/(?=[.[])/).flatMap(part => [h('wbr'), part]))),
    h('td', {}, h('del', { dir: 'ltr' }, was)),
    h('td', {}, h('ins', { dir: 'ltr' }, is)),
  )
}
