/** What the jobs of the run are worth to the Horde, and in what time they were drawn. */
import type { KudosSection, Traffic, Worth } from '../../../harness/kudos/kudos-schema.js'
import { formatNumber } from '../../format.js'
import { plural } from '../../summary.js'
import { formatTimes } from '../../times.js'
import { formatChange, formatShare, TRAFFIC_ROWS, trafficSentence } from '../../traffic.js'
import { foreign, h } from '../dom.js'
import { type Column, table } from '../table.js'

export function kudos({ model, classes, mix, features, oddities, against, cases, traffic }: KudosSection): HTMLElement {
  const ratios = new Map(against?.classes.map(each => [each.class, each.ratio]))
  const legacy = cases.filter(({ by }) => by === 'legacy').length
  return h(
    'section',
    { class: 'panel', 'aria-label': 'Kudos' },
    h('h2', {}, 'Kudos'),
    h(
      'p',
      { class: 'muted' },
      'Prices by ',
      foreign(model.file, { class: 'mono' }),
      legacy > 0 ? `, ${plural(legacy, 'job')} by the old formula` : '',
      '; times without loading models.',
    ),
    table(
      [...classes, { ...mix, class: 'all' }],
      [
        { title: 'class', words: true, cell: row => foreign(row.class) },
        ...worth<Worth & { class: string }>(),
        ...(against === undefined
          ? []
          : [
              {
                title: `against ${against.backend}`,
                cell: (row: { class: string }) => {
                  const ratio = row.class === 'all' ? against.mix : ratios.get(row.class)
                  return ratio === undefined ? '' : formatTimes(ratio)
                },
              },
            ]),
      ],
    ),
    traffic !== undefined && overTraffic(traffic, against?.backend),
    features.length > 0 && h('h3', {}, 'What a feature adds'),
    features.length > 0 &&
      table(features, [
        { title: 'feature', words: true, cell: row => foreign(row.features.join(', ')) },
        { title: 'case', words: true, cell: row => foreign(row.case, { class: 'mono' }) },
        { title: 'seconds', cell: ({ seconds }) => signed(seconds) },
        { title: 'kudos', cell: ({ kudos }) => signed(kudos) },
        { title: 'time', cell: ({ secondsRatio }) => formatTimes(secondsRatio) },
        { title: 'worth', cell: ({ kudosRatio }) => formatTimes(kudosRatio) },
      ]),
    oddities.length > 0 &&
      h(
        'details',
        {},
        h('summary', {}, `Where the Horde's model asks less for more: ${oddities.length}`),
        h('ul', {}, ...oddities.map(({ message }) => h('li', {}, foreign(message)))),
      ),
  )
}

function overTraffic(traffic: Traffic, against: string | undefined): HTMLElement {
  return h(
    'div',
    {},
    h('h3', {}, 'Over recorded traffic'),
    h('p', {}, trafficSentence(traffic, against)),
    traffic.against !== undefined &&
      table(traffic.against.features.slice(0, TRAFFIC_ROWS), [
        { title: 'feature', words: true, cell: row => foreign(row.name) },
        { title: 'asked for', cell: ({ share }) => formatShare(share) },
        { title: 'time', cell: ({ time }) => formatTimes(time) },
        { title: 'adds to all', cell: ({ adds }) => formatChange(adds) },
      ]),
  )
}

function worth<Row extends Worth>(): Column<Row>[] {
  return [
    { title: 'cases', cell: ({ cases }) => cases },
    { title: 'pictures', cell: ({ pictures }) => pictures },
    { title: 'seconds', cell: ({ seconds }) => seconds.toFixed(1) },
    { title: 'kudos', cell: ({ kudos }) => formatNumber(kudos) },
    {
      title: 'kudos an hour',
      cell: ({ kudosPerHour }) => kudosPerHour.toLocaleString('en', { maximumFractionDigits: 0 }),
    },
  ]
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`
}
