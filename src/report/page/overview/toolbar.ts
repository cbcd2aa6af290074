import { OUTCOMES, type Outcome, type RunSummary } from '../../summary.js'
import { badge } from '../badge.js'
import { fill, h } from '../dom.js'
import { type PageState, SORTS, type Sort } from '../link.js'
import type { Store } from '../store.js'

export interface Toolbar {
  element: HTMLElement
  show(state: PageState, shown: number): void
  focusSearch(): void
  focusFeature(): void
  toggleOutcome(index: number): void
  nextSort(): void
}

const SORT_NAMES: Record<Sort, string> = {
  verdict: 'worst first',
  name: 'name',
  metric: 'likeness',
  time: 'slowest first',
}

export function createToolbar(store: Store, summary: RunSummary): Toolbar {
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
  const feature = h(
    'select',
    { 'aria-label': 'Feature', onchange: () => store.update({ feature: feature.value }) },
    h('option', { value: '' }, 'all features'),
    ...summary.features.map(name => h('option', { value: name }, name)),
  )
  const sort = h(
    'select',
    { 'aria-label': 'Sort', onchange: () => store.update({ sort: SORTS[sort.selectedIndex] ?? 'verdict' }) },
    ...SORTS.map(name => h('option', { value: name }, SORT_NAMES[name])),
  )
  const count = h('p', { class: 'count', role: 'status' })
  const element = h(
    'div',
    { class: 'toolbar', role: 'search' },
    search,
    h('div', { class: 'chips', role: 'group', 'aria-label': 'Verdicts' }, ...chips),
    summary.features.length > 0 && feature,
    h('label', {}, 'Sort ', sort),
    count,
  )
  return {
    element,
    show(state, shown) {
      if (search.value !== state.query) search.value = state.query
      feature.value = state.feature
      sort.value = state.sort
      for (const [index, outcome] of present.entries()) {
        chips[index]?.setAttribute('aria-pressed', String(state.outcomes.includes(outcome)))
      }
      fill(count, shown === summary.cases ? `${shown} cases` : `${shown} of ${summary.cases} cases`)
    },
    focusSearch: () => search.select(),
    focusFeature: () => feature.focus(),
    toggleOutcome(index) {
      const outcome = present[index]
      if (outcome) toggle(outcome)
    },
    nextSort() {
      store.update({ sort: SORTS[(SORTS.indexOf(store.state.sort) + 1) % SORTS.length] ?? 'verdict' })
    },
  }
}
