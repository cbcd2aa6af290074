import { fill, foreign, h } from '../dom.js'
import type { Entry, Group } from '../entries.js'
import { card, isCompared } from './card.js'

export type Direction = 'left' | 'right' | 'up' | 'down' | 'first' | 'last'

export interface Grid {
  element: HTMLElement
  show(groups: readonly Group[]): void
  /** Moves the focus among the cards; the first press of a key only finds it. */
  step(direction: Direction): void
  focus(id: string): void
}

/** A case has its place in the page at once and its card when it comes near the window: ten thousand open as fast as ten. */
const NEAR = '1200px'

export function createGrid(onOpen: (id: string) => void): Grid {
  const nothing = h('p', { class: 'nothing', hidden: true }, 'No case is like that.')
  const list = h('div', { class: 'groups' })
  const places = new Map<string, HTMLLIElement>()
  const entryOf = new WeakMap<Element, Entry>()
  let order: HTMLLIElement[] = []
  let current: HTMLLIElement | undefined

  const near = new IntersectionObserver(
    seen => {
      for (const { isIntersecting, target } of seen) if (isIntersecting) furnish(target)
    },
    { rootMargin: NEAR },
  )

  const linkOf = (place: Element | undefined) => place?.querySelector('a') ?? undefined

  function furnish(place: Element) {
    near.unobserve(place)
    const entry = entryOf.get(place)
    if (entry === undefined || linkOf(place)) return
    place.append(card(entry))
    if (place === current) linkOf(place)?.setAttribute('tabindex', '0')
  }

  function placeOf(entry: Entry, group: string): HTMLLIElement {
    const key = `${group}\n${entry.number}`
    const known = places.get(key)
    if (known) return known
    const place = h('li', { class: isCompared(entry) ? 'double' : undefined, 'data-case': entry.id })
    entryOf.set(place, entry)
    places.set(key, place)
    near.observe(place)
    return place
  }

  /** One card is in the order of the Tab key, the arrow keys lead to the others. */
  function choose(place: HTMLLIElement | undefined) {
    linkOf(current)?.setAttribute('tabindex', '-1')
    current = place
    if (place === undefined) return
    furnish(place)
    linkOf(place)?.setAttribute('tabindex', '0')
  }

  function focusOn(place: HTMLLIElement | undefined) {
    if (place === undefined) return
    choose(place)
    linkOf(place)?.focus()
    place.scrollIntoView({ block: 'nearest' })
  }

  list.addEventListener('click', event => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || !(event.target instanceof Element)) return
    const id = event.target.closest('a') ? event.target.closest('li')?.dataset.case : undefined
    if (id === undefined) return
    event.preventDefault()
    onOpen(id)
  })

  return {
    element: h('section', { 'aria-label': 'Cases' }, list, nothing),
    show(groups) {
      const shown = groups.map(({ name = '', entries }) => entries.map(entry => placeOf(entry, name)))
      fill(
        list,
        ...groups.map(({ name, entries }, index) => {
          const cases = h('ul', { class: 'grid' })
          cases.append(...(shown[index] ?? []))
          if (name === undefined) return cases
          const title = h('h2', {}, foreign(name), h('span', { class: 'count' }, String(entries.length)))
          return h('section', { class: 'group' }, title, cases)
        }),
      )
      order = shown.flat()
      nothing.hidden = order.length > 0
      choose(current && order.includes(current) ? current : order[0])
    },
    step(direction) {
      const inGrid = list.contains(document.activeElement)
      if (direction === 'first' || direction === 'last') focusOn(order.at(direction === 'first' ? 0 : -1))
      else if (!inGrid) focusOn(current)
      else focusOn(neighbour(order, current, direction))
    },
    focus(id) {
      focusOn(current?.dataset.case === id ? current : order.find(({ dataset }) => dataset.case === id))
    },
  }
}

/** The next place in reading order, or the nearest one of the row above or below: rows hold cards of two widths. */
function neighbour(
  order: readonly HTMLLIElement[],
  from: HTMLLIElement | undefined,
  direction: Exclude<Direction, 'first' | 'last'>,
): HTMLLIElement | undefined {
  const index = from === undefined ? -1 : order.indexOf(from)
  if (from === undefined || index === -1) return order[0]
  if (direction === 'left' || direction === 'right') return order[index + (direction === 'left' ? -1 : 1)]
  const by = direction === 'up' ? -1 : 1
  const here = from.getBoundingClientRect()
  let best: { place: HTMLLIElement; top: number; distance: number } | undefined
  for (let i = index + by; order[i] !== undefined; i += by) {
    const place = order[i]
    if (place === undefined) break
    const { top, left } = place.getBoundingClientRect()
    if (Math.abs(top - here.top) < 1) continue
    if (best && Math.abs(top - best.top) >= 1) break
    const distance = Math.abs(left - here.left)
    if (best === undefined || distance < best.distance) best = { place, top, distance }
  }
  return best?.place
}
