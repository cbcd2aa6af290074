import type { PageData } from '../../page-data.js'
import { type Pillar, pillarsOf } from '../../pillars.js'
import { OUTCOMES, type RunSummary } from '../../summary.js'
import { foreign, h } from '../dom.js'
import { formatLink, START, type Tab } from '../link.js'

const TABS: Record<Pillar['name'], Tab> = { Parity: 'cases', Stability: 'stability', Speed: 'speed' }

export function pillars({ run, summary, cases }: PageData): HTMLElement {
  const [parity, ...others] = pillarsOf({ run, summary, totalMs: cases.map(({ totalMs }) => totalMs) })
  return h('div', { class: 'pillars' }, pillar(parity, outcomeBar(summary)), ...others.map(each => pillar(each)))
}

/** What would fill the place stands there instead of a number that nobody measured. */
function pillar({ name, figure, unit, says, more, tone, command }: Pillar, bar?: HTMLElement): HTMLElement {
  if (figure === undefined) {
    return h(
      'section',
      { class: 'pillar none', 'aria-label': name },
      h('h2', {}, name),
      h('p', { class: 'figure' }, 'not measured'),
      command !== undefined && h('p', {}, h('code', {}, command)),
      says !== '' && h('p', { class: 'known' }, foreign(says)),
    )
  }
  const title =
    TABS[name] === 'cases' ? name : h('a', { class: 'lead', href: formatLink({ ...START, tab: TABS[name] }) }, name)
  return h(
    'section',
    { class: 'pillar', 'aria-label': name },
    h('h2', {}, title),
    h('p', { class: `figure ${tone ?? ''}` }, figure, unit !== undefined && h('small', {}, ` ${unit}`)),
    h('p', {}, foreign(says)),
    more !== undefined && h('p', { class: 'known' }, more),
    bar,
  )
}

function outcomeBar({ counts }: RunSummary): HTMLElement {
  const shares = OUTCOMES.filter(outcome => counts[outcome] > 0)
  return h(
    'div',
    { class: 'bar', role: 'img', 'aria-label': shares.map(outcome => `${counts[outcome]} ${outcome}`).join(', ') },
    ...shares.toReversed().map(outcome => {
      const part = h('span', { class: outcome })
      part.style.flexGrow = String(counts[outcome])
      return part
    }),
  )
}
