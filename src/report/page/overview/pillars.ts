/** The three questions that a release is asked, with one number each. */
import type { Run } from '../../../harness/run-schema.js'
import { formatDuration, formatNumber } from '../../format.js'
import { OUTCOMES, plural, type RunSummary, withoutGolden } from '../../summary.js'
import { type Child, foreign, h } from '../dom.js'
import type { Entry } from '../entries.js'
import { formatLink, START, type Tab } from '../link.js'
import { formatTimes, intervalText, TONES, timesAsFast } from '../speed/figures.js'

type Sections = Pick<Run, 'speed' | 'kudos'>

export function pillars(run: Sections, summary: RunSummary, entries: readonly Entry[]): HTMLElement {
  return h('div', { class: 'pillars' }, parity(summary), stability(summary), speed(run, entries))
}

function parity({ counts, judged, cases }: RunSummary): HTMLElement {
  const matched = counts.pass + counts.waived
  if (judged === 0) {
    return unmeasured('Parity', 'horde-onnx check RUN', withoutGoldens(counts['no-golden'], cases))
  }
  const shares = OUTCOMES.filter(outcome => counts[outcome] > 0)
  const bar = h(
    'div',
    { class: 'bar', role: 'img', 'aria-label': shares.map(outcome => `${counts[outcome]} ${outcome}`).join(', ') },
    ...shares.toReversed().map(outcome => {
      const part = h('span', { class: outcome })
      part.style.flexGrow = String(counts[outcome])
      return part
    }),
  )
  return pillar(
    'Parity',
    h('p', { class: 'figure' }, String(matched), h('small', {}, ` / ${judged}`)),
    h(
      'p',
      {},
      ['cases match what was approved', ...(counts['no-golden'] > 0 ? [withoutGolden(counts['no-golden'])] : [])].join(
        ', ',
      ),
    ),
    bar,
  )
}

function withoutGoldens(count: number, cases: number): string {
  return count > 0 ? `${withoutGolden(count)} yet` : `${plural(cases, 'case')} not compared with a golden yet`
}

function stability({ retries, cases }: RunSummary): HTMLElement {
  const says = `${plural(retries, 'job')} of this run's ${cases} had to be drawn again`
  return unmeasured('Stability', 'horde-onnx stress', cases === 0 ? '' : says)
}

function speed({ speed, kudos }: Sections, entries: readonly Entry[]): HTMLElement {
  const worth = kudos && `${kudos.mix.kudosPerHour.toLocaleString('en', { maximumFractionDigits: 0 })} kudos an hour`
  const decision = speed?.decision
  const [payload] = speed?.payloads ?? []
  if (speed && !speed.valid) {
    return measured('speed', 'Speed', [
      h('p', { class: 'figure bad' }, 'void'),
      h('p', {}, foreign(speed.parity.reason)),
    ])
  }
  if (decision) {
    const against = speed?.baseline ? foreign(speed.baseline.backend) : 'the baseline'
    return measured('speed', 'Speed', [
      h('p', { class: `figure ${TONES[decision.verdict]}` }, formatTimes(timesAsFast(decision.ratio).estimate)),
      h('p', {}, 'as fast as ', against, `, ${intervalText(decision.ratio)}`),
      worth && h('p', { class: 'known' }, worth),
    ])
  }
  if (payload) {
    const { width, height, steps, candidate, id } = payload
    return measured('speed', 'Speed', [
      h(
        'p',
        { class: 'figure' },
        formatNumber(candidate.iterationsPerSecond.empirical),
        h('small', {}, ' steps a second'),
      ),
      h('p', {}, foreign(id), `, ${width}×${height}, ${steps} steps`),
      worth && h('p', { class: 'known' }, worth),
    ])
  }
  if (kudos) {
    const { against, mix } = kudos
    return measured('speed', 'Speed', [
      h(
        'p',
        { class: 'figure' },
        mix.kudosPerHour.toLocaleString('en', { maximumFractionDigits: 0 }),
        h('small', {}, ' kudos/h'),
      ),
      h(
        'p',
        {},
        plural(mix.cases, 'case'),
        ...(against ? [`, ${formatTimes(against.mix)} what `, foreign(against.backend), ' earns'] : []),
      ),
    ])
  }
  const times = entries.map(({ totalMs }) => totalMs).sort((a, b) => a - b)
  const median = times[Math.floor((times.length - 1) / 2)]
  return unmeasured(
    'Speed',
    'horde-onnx bench',
    median === undefined ? '' : `in this run half of the cases took less than ${formatDuration(median)}`,
  )
}

/** Leads to the part of the page that tells more. */
function measured(tab: Tab, name: string, children: readonly Child[]): HTMLElement {
  return h(
    'section',
    { class: 'pillar', 'aria-label': name },
    h('h2', {}, h('a', { class: 'lead', href: formatLink({ ...START, tab }) }, name)),
    ...children,
  )
}

function pillar(name: string, ...children: readonly Child[]): HTMLElement {
  return h('section', { class: 'pillar', 'aria-label': name }, h('h2', {}, name), ...children)
}

/** What would fill the place, instead of a number that nobody measured. */
function unmeasured(name: string, command: string, known: string): HTMLElement {
  return h(
    'section',
    { class: 'pillar none', 'aria-label': name },
    h('h2', {}, name),
    h('p', { class: 'figure' }, 'not measured'),
    h('p', {}, h('code', {}, command)),
    known !== '' && h('p', { class: 'known' }, known),
  )
}
