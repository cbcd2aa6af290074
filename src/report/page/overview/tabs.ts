import { h } from '../dom.js'
import { formatLink, type PageState, START, type Tab } from '../link.js'

export interface Section {
  tab: Tab
  title: string
  count?: string
  element: HTMLElement
}

export interface Tabs {
  element: HTMLElement
  show(state: PageState): void
  next(): void
}

/** The parts of the page below the pillars; with one part alone there is nothing to choose. */
export function createTabs(sections: readonly Section[], onTab: (tab: Tab) => void): Tabs {
  const links = sections.map(({ tab, title, count }) =>
    h(
      'a',
      {
        href: formatLink({ ...START, tab }),
        onclick: event => {
          event.preventDefault()
          onTab(tab)
        },
      },
      title,
      count !== undefined && h('span', { class: 'count' }, count),
    ),
  )
  const nav = h('nav', { class: 'tabs', 'aria-label': 'Parts of the report', hidden: sections.length < 2 }, ...links)
  let current = 0
  return {
    element: h('div', {}, nav, ...sections.map(({ element }) => element)),
    show(state) {
      current = Math.max(
        0,
        sections.findIndex(({ tab }) => tab === state.tab),
      )
      for (const [index, { element }] of sections.entries()) {
        element.hidden = index !== current
        if (index === current) links[index]?.setAttribute('aria-current', 'page')
        else links[index]?.removeAttribute('aria-current')
      }
    },
    next() {
      const next = sections[(current + 1) % sections.length]
      if (next) onTab(next.tab)
    },
  }
}
