/** The section `kudos` as a table for terminals. */
import Table from 'cli-table3'
import type { KudosSection, Traffic } from '../harness/kudos/kudos-schema.js'
import { oneLine } from './format.js'
import { formatChange, formatShare, TRAFFIC_ROWS, trafficSentence } from './traffic.js'

export function renderKudosTable({
  model,
  classes,
  mix,
  features,
  oddities,
  against,
  cases,
  traffic,
}: KudosSection): string {
  const blocks = [worthTable(classes, mix, against)]
  if (features.length > 0) blocks.push(featureTable(features))
  if (traffic !== undefined) blocks.push(trafficTable(traffic, against?.backend))
  const legacy = cases.filter(({ by }) => by === 'legacy')
  if (legacy.length > 0) {
    const lines = legacy.map(({ id, reason }) => `  ${oneLine(id)}: ${oneLine(reason ?? '')}`)
    blocks.push(`Priced by the old formula, as the Horde does:\n${lines.join('\n')}`)
  }
  if (oddities.length > 0) {
    blocks.push(`Odd in the Horde's model:\n${oddities.map(({ message }) => `  ${oneLine(message)}`).join('\n')}`)
  }
  blocks.push(`prices: ${oneLine(model.file)}, basis ${model.basisSeconds} s; times without loading models`)
  return blocks.join('\n\n')
}

function worthTable(
  classes: KudosSection['classes'],
  mix: KudosSection['mix'],
  against: KudosSection['against'],
): string {
  const ratios = new Map(against?.classes.map(({ class: name, ratio }) => [name, ratio]))
  const table = new Table({
    head: [
      'class',
      'cases',
      'seconds',
      'kudos',
      'kudos/hour',
      ...(against ? [`against ${oneLine(against.backend)}`] : []),
    ],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  })
  const row = (name: string, { cases, seconds, kudos, kudosPerHour }: typeof mix, ratio: number | undefined) => [
    name,
    String(cases),
    seconds.toFixed(2),
    kudos.toFixed(2),
    kudosPerHour.toFixed(0),
    ...(against ? [ratio === undefined ? '' : `${ratio.toFixed(2)}×`] : []),
  ]
  for (const one of classes) table.push(row(one.class, one, ratios.get(one.class)))
  table.push(row('all', mix, against?.mix))
  return table.toString()
}

function featureTable(features: KudosSection['features']): string {
  const table = new Table({
    head: ['feature', 'case', 'without', 'seconds', 'kudos', 'time ×', 'kudos ×'],
    colAligns: ['left', 'left', 'left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  })
  for (const one of features) {
    table.push([
      oneLine(one.features.join(', ')),
      oneLine(one.case),
      oneLine(one.twin),
      signed(one.seconds),
      signed(one.kudos),
      one.secondsRatio.toFixed(2),
      one.kudosRatio.toFixed(2),
    ])
  }
  return table.toString()
}

function trafficTable(traffic: Traffic, against: string | undefined): string {
  const lines = [trafficSentence(traffic, against)]
  if (traffic.against !== undefined) {
    const table = new Table({
      head: ['feature', 'asked for', 'time ×', 'adds'],
      colAligns: ['left', 'right', 'right', 'right'],
      style: { head: [], border: [], compact: true },
    })
    for (const { name, share, time, adds } of traffic.against.features.slice(0, TRAFFIC_ROWS)) {
      table.push([oneLine(name), formatShare(share), time.toFixed(2), formatChange(adds)])
    }
    lines.push(table.toString())
  }
  return lines.join('\n')
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`
}
