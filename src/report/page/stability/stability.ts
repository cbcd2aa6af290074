import type { Run } from '../../../harness/run-schema.js'
import type { Stress, StressProblem } from '../../../harness/stress/stress-schema.js'
import { formatDuration, formatNumber } from '../../format.js'
import { plural } from '../../summary.js'
import { foreign, h } from '../dom.js'
import type { Section } from '../overview/tabs.js'
import { table } from '../table.js'
import { memory } from './memory.js'
import { timeline } from './timeline.js'

/** What the run says of stability; undefined where it says nothing. */
export function stabilitySection({ stress }: Pick<Run, 'stress'>): Section | undefined {
  if (stress === undefined) return undefined
  return { tab: 'stability', title: 'Stability', element: h('div', { class: 'panels' }, panel(stress)) }
}

function panel(stress: Stress): HTMLElement {
  const { seed, mode, toleranceDb, lanes, inFlight, verdict, reason, wallMs, problems, schedules, shrunk } = stress
  const oracle =
    mode === 'deterministic'
      ? 'equal to one drawn alone, to the last bit'
      : `at ${formatNumber(toleranceDb)} dB PSNR or more to one drawn alone`
  return h(
    'section',
    { class: 'panel stress', 'aria-label': 'Stress' },
    h('h2', {}, 'Stress'),
    h('p', { class: verdict === 'pass' ? 'called good' : 'called bad' }, foreign(reason)),
    h(
      'p',
      { class: 'muted' },
      `${plural(lanes, 'lane')}, ${inFlight} jobs at once, for ${formatDuration(wallMs)}; every picture ${oracle}. Seed `,
      h('code', {}, String(seed)),
      ' makes the same schedules again.',
    ),
    totals(stress),
    problems.length > 0 && problemTable(problems),
    shrunk &&
      h(
        'p',
        {},
        `Shrunk from ${plural(shrunk.from, 'job')} to ${shrunk.entries} by ${plural(shrunk.runs, 'run')}: `,
        foreign(shrunk.file, { class: 'mono' }),
      ),
    timeline(stress),
    h('h3', {}, 'Schedules'),
    table(schedules, [
      { title: 'schedule', words: true, cell: ({ name }) => foreign(name) },
      { title: 'jobs', cell: ({ jobs }) => jobs },
      {
        title: 'problems',
        cell: ({ problems }) => (problems > 0 ? h('strong', { class: 'called bad' }, problems) : 0),
      },
      { title: 'took', cell: ({ startMs, endMs }) => formatDuration(endMs - startMs) },
      { title: 'what it tries', sentences: true, cell: ({ about }) => foreign(about) },
    ]),
    memory(stress.memory),
    scheduler(stress),
  )
}

/** What must be nothing stands first. */
function totals({ totals }: Stress): HTMLElement {
  const must = (count: number, name: string) => ({ count, name, class: count > 0 ? 'bad' : 'good' })
  const may = (count: number, name: string) => ({ count, name, class: '' })
  const figures = [
    must(totals.bleeds, 'bleeds'),
    must(totals.lost, 'lost'),
    must(totals.unexplained, 'unexplained faults'),
    may(totals.jobs, 'jobs'),
    may(totals.kills, 'lanes killed'),
    may(totals.retries, 'begun again'),
    may(totals.faults, 'faults'),
    may(totals.cancelled, 'cancelled'),
  ]
  return h(
    'dl',
    { class: 'totals' },
    ...figures.map(({ count, name, ...more }) =>
      h('div', more, h('dt', {}, name), h('dd', {}, count.toLocaleString('en'))),
    ),
  )
}

function problemTable(problems: readonly StressProblem[]): HTMLElement {
  return h(
    'div',
    {},
    h('h3', {}, 'Problems'),
    table(problems, [
      { title: 'job', words: true, cell: ({ n, job }) => [`${n} `, foreign(job)] },
      { title: 'schedule', words: true, cell: ({ schedule }) => foreign(schedule) },
      { title: 'what happened', sentences: true, cell: ({ reason }) => foreign(reason) },
      { title: 'leaves at', words: true, cell: ({ leavesAt }) => foreign(leavesAt ?? '–') },
      {
        title: 'whose it is',
        words: true,
        cell: ({ bleed }) =>
          bleed === undefined
            ? '–'
            : foreign(
                `${bleed.job}, by ${bleed.evidence === 'stage' ? (bleed.stages ?? []).join(', ') : 'its pixels'}`,
              ),
      },
    ]),
  )
}

function scheduler({ scheduler: { runs, requests, most, ownMs, busyMs } }: Stress): HTMLElement | undefined {
  if (runs === 0) return undefined
  const share = busyMs > 0 ? `, ${((100 * ownMs) / busyMs).toFixed(2)} % of the time was its own` : ''
  return h(
    'p',
    { class: 'muted' },
    `The scheduler answered ${requests.toLocaleString('en')} requests by ${runs.toLocaleString('en')} runs, ${formatNumber(requests / runs)} at once, at most ${most}${share}.`,
  )
}
