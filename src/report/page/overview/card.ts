import { formatDuration, formatName, formatNumber, oneLine } from '../../format.js'
import type { PictureRef } from '../../page-data.js'
import { isBeyond, isDistance, type Metric } from '../../summary.js'
import { badge, sign } from '../badge.js'
import { foreign, h } from '../dom.js'
import type { Entry } from '../entries.js'
import { formatLink, START } from '../link.js'
import { pictureUrl } from '../pictures.js'

/** Characters of a text that a card shows of: browsers take a minute to cut a hundred thousand to two lines. */
const GIST = 200

const TAGS = 3

/** Shown beside their golden, on a card of double width: they must be told apart. */
export function isCompared({ outcome, golden }: Entry): boolean {
  return outcome !== 'pass' && golden.length > 0
}

/** A case at a glance: what it drew, and what came of it. */
export function card(entry: Entry): HTMLAnchorElement {
  const { id, outcome, reason, title, prompt, metric, features, candidate } = entry
  const settled = outcome === 'pass'
  const more = features.length - TAGS
  return h(
    'a',
    { class: `card ${outcome}`, href: formatLink({ ...START, open: id }), tabindex: '-1' },
    h(
      'div',
      { class: 'thumbs' },
      thumbnail(candidate[0]),
      isCompared(entry) && thumbnail(entry.golden[0], 'golden'),
      candidate.length > 1 && h('span', { class: 'pile' }, `×${candidate.length}`),
    ),
    h(
      'div',
      { class: 'words' },
      h(
        'p',
        { class: 'name' },
        settled ? sign(outcome) : badge(outcome),
        foreign(oneLine(id, GIST), { title: oneLine(id, GIST) }),
      ),
      h('p', { class: 'reason' }, foreign(oneLine(settled ? (title ?? prompt) : reason, GIST))),
      h(
        'p',
        { class: 'figures' },
        metric !== undefined && h('span', {}, settled ? figureText(metric) : metricText(metric)),
        h('span', { class: 'time' }, formatDuration(entry.totalMs)),
      ),
      features.length > 0 &&
        h(
          'p',
          { class: 'tags' },
          ...features.slice(0, TAGS).map(feature => foreign(oneLine(feature, GIST), { class: 'tag' })),
          more > 0 && h('span', { class: 'tag' }, `+${more}`),
        ),
    ),
  )
}

/** E.g. `SSIM 0.9432 < 0.98`. */
function metricText(metric: Metric): string {
  const figure = figureText(metric)
  if (metric.limit === undefined) return figure
  const [beyond, within] = isDistance(metric.name) ? ['>', '≤'] : ['<', '≥']
  return `${figure} ${isBeyond(metric) ? beyond : within} ${formatNumber(metric.limit)}`
}

/** What is within its limit needs no limit beside it. */
function figureText({ name, value }: Metric): string {
  return `${formatName(name)} ${formatNumber(value)}`
}

function thumbnail(ref: PictureRef | undefined, caption?: string): HTMLElement {
  const box = h('span', { class: 'thumb' }, caption !== undefined && h('span', { class: 'caption' }, caption))
  const absent = (why: string) => box.append(h('span', { class: 'absent' }, why))
  if (ref === undefined) {
    absent('no picture')
    return box
  }
  const missing = () => absent('picture missing')
  pictureUrl(ref)
    .then(src => box.append(h('img', { src, alt: '', decoding: 'async', onerror: missing })))
    .catch(missing)
  return box
}
