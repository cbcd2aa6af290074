/** Timings as dots on a line: every run is seen, whatever their mean hides. */
import { formatDuration } from '../../format.js'
import { h } from '../dom.js'

export interface Series {
  name: string
  runs: readonly number[]
  median: number
}

/** Series above each other on one axis from nothing to the slowest run. */
export function strip(series: readonly Series[]): HTMLElement {
  const most = Math.max(...series.flatMap(({ runs }) => runs), 1e-9)
  const least = Math.min(...series.flatMap(({ runs }) => runs), most)
  // From nothing where that leaves room to tell runs apart, else from a little below the fastest.
  const from = least < most / 2 ? 0 : least - (most - least) * 0.25
  const place = (element: HTMLElement, ms: number) => {
    element.style.left = `${(100 * (ms - from)) / (most - from || 1)}%`
    return element
  }
  return h(
    'div',
    { class: 'strips' },
    ...series.map(({ name, runs, median }, index) =>
      h(
        'div',
        {
          class: `strip series-${index}`,
          role: 'img',
          'aria-label': `${name}: ${runs.length} runs, median ${formatDuration(median)}`,
        },
        ...runs.map(ms => place(h('span', { class: 'dot', title: formatDuration(ms) }), ms)),
        place(h('span', { class: 'median' }), median),
      ),
    ),
    h(
      'p',
      { class: 'ends', 'aria-hidden': 'true' },
      h('span', {}, formatDuration(from)),
      h('span', {}, formatDuration(most)),
    ),
  )
}
