import { fill, h } from '../dom.js'
import type { Entry } from '../entries.js'
import { card } from './card.js'

export interface Grid {
  element: HTMLElement
  show(entries: readonly Entry[]): void
  /** Moves the focus among the cards; the first press of a key only finds it. */
  step(direction: 'left' | 'right' | 'up' | 'down' | 'first' | 'last'): void
  focus(id: string): void
}

/** Cards are made as they are scrolled to: ten thousand cases open as fast as ten. */
const BATCH = 120

export function createGrid(onOpen: (id: string) => void): Grid {
  const list = h('ul', { class: 'grid' })
  const sentinel = h('div', { class: 'sentinel', 'aria-hidden': 'true' })
  const nothing = h('p', { class: 'nothing', hidden: true }, 'No case is like that.')
  const cards = new Map<string, HTMLAnchorElement>()
  let entries: readonly Entry[] = []
  let made = 0
  let current = ''

  const more = () => {
    for (const entry of entries.slice(made, made + BATCH)) {
      const { id } = entry.result
      const link = cards.get(id) ?? card(entry)
      cards.set(id, link)
      list.append(h('li', {}, link))
    }
    made = Math.min(entries.length, made + BATCH)
  }
  new IntersectionObserver(
    ([seen]) => {
      if (seen?.isIntersecting && made < entries.length) more()
    },
    { rootMargin: '1500px' },
  ).observe(sentinel)

  const linkAt = (index: number) => {
    while (made <= index && made < entries.length) more()
    const id = entries[index]?.result.id
    return id === undefined ? undefined : cards.get(id)
  }
  /** One card is in the order of the Tab key, the arrow keys lead to the others. */
  const choose = (index: number) => {
    const link = linkAt(index)
    if (link === undefined) return
    cards.get(current)?.setAttribute('tabindex', '-1')
    current = entries[index]?.result.id ?? ''
    link.setAttribute('tabindex', '0')
    link.focus()
    link.scrollIntoView({ block: 'nearest' })
  }
  const indexOf = (id: string) => entries.findIndex(({ result }) => result.id === id)
  const columns = () => getComputedStyle(list).gridTemplateColumns.split(' ').length

  list.addEventListener('click', event => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || !(event.target instanceof Element)) return
    const id = event.target.closest('a')?.dataset.case
    if (id === undefined) return
    event.preventDefault()
    onOpen(id)
  })

  return {
    element: h('section', { 'aria-label': 'Cases' }, list, nothing, sentinel),
    show(next) {
      entries = next
      made = 0
      fill(list)
      nothing.hidden = entries.length > 0
      more()
      if (indexOf(current) === -1) {
        cards.get(current)?.setAttribute('tabindex', '-1')
        current = entries[0]?.result.id ?? ''
      }
      cards.get(current)?.setAttribute('tabindex', '0')
    },
    step(direction) {
      const index = Math.max(0, indexOf(current))
      const last = entries.length - 1
      const inGrid = list.contains(document.activeElement)
      const target = {
        left: inGrid ? index - 1 : index,
        right: inGrid ? index + 1 : index,
        up: inGrid ? index - columns() : index,
        down: inGrid ? index + columns() : index,
        first: 0,
        last,
      }[direction]
      choose(Math.min(last, Math.max(0, target)))
    },
    focus(id) {
      const index = indexOf(id)
      if (index >= 0) choose(index)
    },
  }
}
