/** What a bench measured: the two that were timed, how each payload fared, and how they bear load. */
import type {
  BenchPayload,
  BenchSide,
  Decision,
  LoadResult,
  SpeedSection,
} from '../../../harness/bench/speed-schema.js'
import { formatBytes, formatDuration, formatNumber } from '../../format.js'
import { formatTimes, intervalText, SPEED_TONES, timesAsFast } from '../../times.js'
import { type Child, foreign, h } from '../dom.js'
import { table } from '../table.js'
import { type Series, strip } from './strip.js'
import { trendChart } from './trend.js'

export function bench(speed: SpeedSection): HTMLElement {
  const { candidate, baseline, payloads, load = [], valid, parity, forced, settings } = speed
  return h(
    'section',
    { class: 'panel', 'aria-label': 'Bench' },
    h('h2', {}, 'Bench'),
    h(
      'p',
      { class: 'muted' },
      baseline === undefined ? 'Timed by itself: ' : 'Timed in turns: ',
      foreign(candidate.spec),
      ...(baseline === undefined ? [] : [' against ', foreign(baseline.spec)]),
      `. Differences within ${Number((settings.minimumEffect * 100).toFixed(1))} % count for nothing.`,
    ),
    !valid && h('p', { class: 'notice' }, 'These figures are void: ', foreign(parity.reason)),
    ...forced.map(reason => h('p', { class: 'notice' }, 'Measured all the same: ', foreign(reason))),
    payloadTable(payloads),
    h('div', { class: 'runs' }, ...payloads.map(payloadRuns)),
    load.length > 0 && loadTable(load),
    trendChart(speed.trend ?? []),
    sideTable(baseline === undefined ? [candidate] : [candidate, baseline]),
  )
}

function payloadTable(payloads: readonly BenchPayload[]): HTMLElement {
  const compared = payloads.some(({ decision }) => decision !== undefined)
  return table(payloads, [
    { title: 'payload', words: true, cell: ({ id }) => foreign(id) },
    { title: 'size', cell: ({ width, height }) => `${width}×${height}` },
    { title: 'steps', cell: ({ steps }) => steps },
    { title: 'median', cell: ({ candidate }) => formatDuration(candidate.wall.median) },
    { title: 'steps a second', cell: ({ candidate }) => formatNumber(candidate.iterationsPerSecond.empirical) },
    ...(payloads.some(({ candidate }) => candidate.joules !== undefined)
      ? [
          {
            title: 'energy',
            cell: ({ candidate: { joules } }: BenchPayload) => (joules === undefined ? '–' : `${joules.toFixed(0)} J`),
          },
        ]
      : []),
    ...(compared
      ? [
          {
            title: 'baseline',
            cell: ({ baseline }: BenchPayload) => (baseline ? formatDuration(baseline.wall.median) : ''),
          },
          { title: 'times as fast', cell: ({ decision }: BenchPayload) => decision && ratioCell(decision) },
          { title: 'called', words: true, cell: ({ decision }: BenchPayload) => decision && verdict(decision) },
        ]
      : []),
  ])
}

function ratioCell({ ratio }: Decision): Child {
  const { estimate, low, high } = timesAsFast(ratio)
  return h(
    'span',
    { title: intervalText(ratio) },
    h('strong', {}, formatTimes(estimate)),
    h('small', {}, ` ${low.toFixed(2)}–${high.toFixed(2)}`),
  )
}

export function verdict({ verdict, reason }: Decision): Child {
  return h('span', { class: `called ${SPEED_TONES[verdict] ?? ''}`, title: reason }, verdict)
}

function payloadRuns({ id, candidate, baseline }: BenchPayload): HTMLElement {
  const series: Series[] = [
    { name: 'candidate', runs: candidate.runs, median: candidate.wall.median },
    ...(baseline ? [{ name: 'baseline', runs: baseline.runs, median: baseline.wall.median }] : []),
  ]
  return h(
    'figure',
    {},
    h(
      'figcaption',
      {},
      foreign(id),
      h('span', { class: 'count' }, `${candidate.runs.length} runs${candidate.stable ? '' : ', never settled'}`),
    ),
    strip(series),
    ...[candidate, ...(baseline ? [baseline] : [])].map(({ phases }) => phases && phaseBar(phases)),
  )
}

const PHASES = [
  ['load', 'load'],
  ['encode', 'encode'],
  ['sampling', 'steps'],
  ['decode', 'decode'],
  ['output', 'output'],
] as const

function phaseBar(phases: NonNullable<BenchPayload['candidate']['phases']>): HTMLElement {
  const shown = PHASES.filter(([phase]) => phases[phase] > 0)
  const says = shown.map(([phase]) => `${phase} ${formatDuration(phases[phase])}`)
  return h(
    'div',
    { class: 'bar phases', role: 'img', 'aria-label': says.join(', '), title: says.join(', ') },
    ...shown.map(([phase, colour]) => {
      const part = h('span', { class: `phase-${colour}` })
      part.style.flexGrow = String(phases[phase])
      return part
    }),
  )
}

function loadTable(load: readonly LoadResult[]): HTMLElement {
  return h(
    'div',
    {},
    h('h3', {}, 'Under load'),
    table(load, [
      { title: 'offered a second', cell: ({ offeredPerSecond }) => formatNumber(offeredPerSecond) },
      { title: 'done in time', cell: ({ good, jobs }) => `${good} of ${jobs}` },
      { title: 'good a second', cell: ({ goodput }) => formatNumber(goodput) },
      { title: 'median wait', cell: ({ latency }) => (latency ? formatDuration(latency.median) : '–') },
      { title: 'p99', cell: ({ latency }) => (latency ? formatDuration(latency.p99) : '–') },
      { title: 'busy', cell: ({ busy }) => `${Math.round(busy * 100)} %` },
      {
        title: 'called',
        words: true,
        cell: ({ saturated }) => (saturated ? h('span', { class: 'called warn' }, 'saturated') : 'kept up'),
      },
    ]),
  )
}

function sideTable(sides: readonly BenchSide[]): HTMLElement {
  return h(
    'details',
    {},
    h('summary', {}, 'What was timed'),
    table(sides, [
      { title: 'side', words: true, cell: ({ spec }) => foreign(spec) },
      { title: 'version', words: true, cell: ({ backend, version }) => foreign(`${backend} ${version}`) },
      { title: 'device', words: true, cell: ({ device }) => foreign(device) },
      { title: 'threads', cell: ({ threads }) => threads },
      { title: 'from cold', cell: ({ coldMs }) => formatDuration(coldMs) },
      { title: 'memory', cell: ({ peakRssBytes }) => (peakRssBytes === undefined ? '–' : formatBytes(peakRssBytes)) },
      ...(sides.some(({ peakVramBytes }) => peakVramBytes !== undefined)
        ? [
            {
              title: 'GPU memory',
              cell: ({ peakVramBytes }: BenchSide) => (peakVramBytes === undefined ? '–' : formatBytes(peakVramBytes)),
            },
          ]
        : []),
    ]),
  )
}
