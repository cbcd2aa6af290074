/** Jobs and lanes over time, to be read like a score: a row for each lane, a bar for each job, a cross where a lane died. */
import type { Stress, StressJob } from '../../../harness/stress/stress-schema.js'
import { formatDuration, oneLine } from '../../format.js'
import { plural } from '../../summary.js'
import { h } from '../dom.js'
import { beginOf, type Row, type Stretch, stretches } from './packing.js'

/** What a bar says by its colour, the worst first. */
const KINDS = {
  broken: 'not as when drawn alone',
  lost: 'lost',
  fault: 'ended in a fault, as it should',
  cancelled: 'cancelled, as it should',
  close: 'within the tolerance',
  same: 'as when drawn alone',
  unjudged: 'not judged',
} as const

type Kind = keyof typeof KINDS

const TICKS = 5

export function timeline(stress: Stress): HTMLElement | undefined {
  const { jobs, omitted } = stress.timeline
  if (jobs.length === 0) return undefined
  const kinds = new Set(jobs.map(kindOf))
  const present = (Object.keys(KINDS) as Kind[]).filter(kind => kinds.has(kind))
  const died = stress.timeline.lanes.filter(({ event }) => event === 'death').length
  return h(
    'div',
    { class: 'timeline' },
    h('h3', {}, 'Lanes and jobs'),
    h(
      'ul',
      { class: 'key' },
      ...present.map(kind =>
        h('li', { class: `job-${kind}` }, h('span', { class: 'job', 'aria-hidden': 'true' }), KINDS[kind]),
      ),
      died > 0 && h('li', {}, h('span', { class: 'death', 'aria-hidden': 'true' }, '✕'), 'the lane died'),
      omitted > 0 && h('li', {}, `${plural(omitted, 'job')} between them not shown`),
    ),
    ...stretches(stress).map(stretch => score(stretch)),
  )
}

function score({ fromMs, toMs, rows }: Stretch): HTMLElement {
  const length = toMs - fromMs || 1
  const at = (ms: number) => `${(100 * (ms - fromMs)) / length}%`
  const jobs = rows.flatMap(({ slots }) => slots.flat()).length
  return h(
    'figure',
    {
      class: 'score',
      role: 'img',
      'aria-label': `${plural(jobs, 'job')} in ${plural(rows.length, 'lane')} from ${formatDuration(fromMs)} to ${formatDuration(toMs)}`,
    },
    ...rows.map(row => lane(row, at)),
    h(
      'p',
      { class: 'axis' },
      ...Array.from({ length: TICKS }, (_, i) => h('span', {}, formatDuration(fromMs + (length * i) / (TICKS - 1)))),
    ),
  )
}

function lane({ lane, slots, deaths }: Row, at: (ms: number) => string): HTMLElement {
  return h(
    'div',
    { class: 'lane' },
    h('span', { class: 'name' }, lane === undefined ? 'no lane' : `lane ${lane}`),
    h(
      'div',
      { class: 'slots' },
      ...slots.map(jobs => h('div', { class: 'slot' }, ...jobs.map(job => bar(job, at)))),
      ...deaths.map(({ atMs, reason }) => {
        const mark = h('span', { class: 'death', title: oneLine(reason) }, '✕')
        mark.style.left = at(atMs)
        return mark
      }),
    ),
  )
}

function bar(job: StressJob, at: (ms: number) => string): HTMLElement {
  const begin = beginOf(job)
  const element = h('span', { class: `job job-${kindOf(job)}`, title: oneLine(barText(job)) })
  element.style.left = at(begin)
  element.style.right = `calc(100% - ${at(job.endedMs)})`
  return element
}

function barText(job: StressJob): string {
  const { n, job: name, schedule, endedMs, retries, injected, fault } = job
  return [
    `${n}: ${name}`,
    schedule,
    formatDuration(endedMs - beginOf(job)),
    KINDS[kindOf(job)],
    ...(fault === undefined ? [] : [fault]),
    ...(injected === undefined ? [] : [injected]),
    ...(retries > 0 ? [`begun ${retries + 1} times`] : []),
  ].join(' · ')
}

function kindOf({ verdict, state }: StressJob): Kind {
  if (state === 'lost') return 'lost'
  if (verdict === 'different' || verdict === 'unexpected') return 'broken'
  if (state === 'fault') return 'fault'
  if (state === 'cancelled') return 'cancelled'
  if (verdict === 'within-tolerance') return 'close'
  return verdict === 'same' ? 'same' : 'unjudged'
}
