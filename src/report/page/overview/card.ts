import { formatDuration, formatName, formatNumber, oneLine } from '../../format.js'
import type { PictureRef } from '../../page-data.js'
import { isBeyond, isDistance, type Metric } from '../../summary.js'
import { badge } from '../badge.js'
import { foreign, h } from '../dom.js'
import type { Entry } from '../entries.js'
import { formatLink, START } from '../link.js'
import { pictureUrl } from '../pictures.js'

/** Pictures are read out of the page when they come near the window. */
const nearby = new IntersectionObserver(
  seen => {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue
      nearby.unobserve(target)
      pending.get(target)?.()
      pending.delete(target)
    }
  },
  { rootMargin: '600px' },
)

const pending = new WeakMap<Element, () => void>()

/** Characters of a text that a card shows of: browsers take a minute to cut a hundred thousand to two lines. */
const GIST = 200

/** A case at a glance: what it drew, beside its golden where the two must be told apart. */
export function card(entry: Entry): HTMLAnchorElement {
  const { result, outcome, reason } = entry
  const { id, fixture, timings } = result
  const compared = outcome !== 'pass' && entry.golden.length > 0
  const { metric } = entry
  const more = fixture.features.length - 4
  return h(
    'a',
    {
      class: `card ${outcome}`,
      href: formatLink({ ...START, open: id }),
      'data-case': id,
      tabindex: '-1',
    },
    h(
      'div',
      { class: 'thumbs' },
      badge(outcome),
      thumbnail(entry.candidate[0]),
      compared && thumbnail(entry.golden[0], 'golden'),
      entry.candidate.length > 1 && h('span', { class: 'pile' }, `×${entry.candidate.length}`),
    ),
    h(
      'div',
      { class: 'words' },
      h('p', { class: 'name' }, foreign(oneLine(id, GIST), { class: 'mono', title: oneLine(id, GIST) })),
      h(
        'p',
        { class: 'reason' },
        foreign(oneLine(outcome === 'pass' ? (fixture.title ?? entry.prompt) : reason, GIST)),
      ),
      h(
        'p',
        { class: 'figures' },
        h('span', {}, metric !== undefined && metricText(metric)),
        h('span', {}, formatDuration(timings.total)),
      ),
      fixture.features.length > 0 &&
        h(
          'p',
          { class: 'tags' },
          ...fixture.features.slice(0, 4).map(feature => foreign(oneLine(feature, GIST), { class: 'tag' })),
          more > 0 && h('span', { class: 'tag' }, `+${more}`),
        ),
    ),
  )
}

/** E.g. `SSIM 0.9432 < 0.98`. */
function metricText(metric: Metric): string {
  const figure = `${formatName(metric.name)} ${formatNumber(metric.value)}`
  if (metric.limit === undefined) return figure
  const [beyond, within] = isDistance(metric.name) ? ['>', '≤'] : ['<', '≥']
  return `${figure} ${isBeyond(metric) ? beyond : within} ${formatNumber(metric.limit)}`
}

function thumbnail(ref: PictureRef | undefined, caption?: string): HTMLElement {
  const box = h('span', { class: 'thumb' }, caption !== undefined && h('span', { class: 'caption' }, caption))
  const absent = (why: string) => box.append(h('span', { class: 'absent' }, why))
  if (ref === undefined) {
    absent('no picture')
    return box
  }
  pending.set(box, () => {
    pictureUrl(ref)
      .then(src => box.append(h('img', { src, alt: '', decoding: 'async' })))
      .catch(() => absent('picture missing'))
  })
  nearby.observe(box)
  return box
}
