import { OUTCOMES, type Outcome, plural, type RunSummary } from '../../summary.js'
import { badge } from '../badge.js'
import { fill, h } from '../dom.js'
import type { Entry } from '../entries.js'
import { GROUPS, type Grouping, NO_FILTER, type PageState, SORTS, type Sort } from '../link.js'
import type { Store } from '../store.js'

export interface Toolbar {
  element: HTMLElement
  show(state: PageState, shown: number): void
  focusSearch(): void
  focusFeature(): void
  toggleOutcome(index: number): void
  nextSort(): void
  nextGrouping(): void
}

const SORT_NAMES: Record<Sort, string> = {
  verdict: 'worst first',
  name: 'by name',
  metric: 'least alike first',
  time: 'slowest first',
}

const GROUP_NAMES: Record<Grouping, string> = {
  '': 'not grouped',
  verdict: 'by verdict',
  feature: 'by feature',
  gate: 'by gate',
  cause: 'by cause',
}

export function createToolbar(store: Store, summary: RunSummary, entries: readonly Entry[]): Toolbar {
  const present = OUTCOMES.filter(outcome => summary.counts[outcome] > 0)
  const search = h('input', {
    type: 'search',
    placeholder: 'Search names, prompts, reasons',
    'aria-label': 'Search',
    'aria-keyshortcuts': '/',
    autocomplete: 'off',
    spellcheck: 'false',
    oninput: () => store.update({ query: search.value }),
  })
  const toggle = (outcome: Outcome) => {
    const { outcomes } = store.state
    store.update({
      outcomes: outcomes.includes(outcome) ? outcomes.filter(each => each !== outcome) : [...outcomes, outcome],
    })
  }
  const chips = present.map(outcome =>
    h(
      'button',
      { class: 'chip', 'aria-pressed': 'false', onclick: () => toggle(outcome) },
      badge(outcome),
      h('span', { class: 'count' }, String(summary.counts[outcome])),
    ),
  )
  const feature = filter('Feature', 'all features', summary.features, name => store.update({ feature: name }))
  const gates = [...new Set(entries.flatMap(({ gate }) => gate ?? []))].sort()
  const gate = filter('Gate', 'all gates', gates, name => store.update({ gate: name }))
  const group = h(
    'select',
    { 'aria-label': 'Group', onchange: () => store.update({ group: GROUPS[group.selectedIndex] ?? '' }) },
    ...GROUPS.map(name => h('option', { value: name }, GROUP_NAMES[name])),
  )
  const sort = h(
    'select',
    { 'aria-label': 'Sort', onchange: () => store.update({ sort: SORTS[sort.selectedIndex] ?? 'verdict' }) },
    ...SORTS.map(name => h('option', { value: name }, SORT_NAMES[name])),
  )
  const clear = h('button', { onclick: () => store.update(NO_FILTER) }, 'Clear filters')
  const count = h('p', { class: 'count', role: 'status' })
  const element = h(
    'div',
    { class: 'toolbar', role: 'search' },
    search,
    h('div', { class: 'chips', role: 'group', 'aria-label': 'Verdicts' }, ...chips),
    h('span', { class: 'space' }),
    clear,
    count,
    h('div', { class: 'choices' }, summary.features.length > 0 && feature, gates.length > 0 && gate, group, sort),
  )
  return {
    element,
    show(state, shown) {
      if (search.value !== state.query) search.value = state.query
      choose(feature, state.feature)
      choose(gate, state.gate)
      clear.hidden = shown === summary.cases
      group.value = state.group
      sort.value = state.sort
      for (const [index, outcome] of present.entries()) {
        chips[index]?.setAttribute('aria-pressed', String(state.outcomes.includes(outcome)))
      }
      fill(count, shown === summary.cases ? plural(shown, 'case') : `${shown} of ${plural(summary.cases, 'case')}`)
    },
    focusSearch: () => search.select(),
    focusFeature: () => feature.focus(),
    toggleOutcome(index) {
      const outcome = present[index]
      if (outcome) toggle(outcome)
    },
    nextSort: () => store.update({ sort: after(SORTS, store.state.sort) }),
    nextGrouping: () => store.update({ group: after(GROUPS, store.state.group) }),
  }
}

function filter(label: string, all: string, names: readonly string[], onChoice: (name: string) => void) {
  const select = h(
    'select',
    { 'aria-label': label, onchange: () => onChoice(select.value) },
    h('option', { value: '' }, all),
    ...names.map(name => h('option', { value: name }, name)),
  )
  return select
}

/** A link may name what no option does, e.g. a pair of features. */
function choose(select: HTMLSelectElement, value: string): void {
  if (![...select.options].some(option => option.value === value)) select.append(h('option', { value }, value))
  select.value = value
}

function after<T>(names: readonly T[], name: T): T {
  return names[(names.indexOf(name) + 1) % names.length] ?? name
}
