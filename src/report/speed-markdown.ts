/** The sections `speed` and `kudos` of a run as Markdown. */
import type { SpeedSection } from '../harness/bench/speed-schema.js'
import type { KudosSection, Traffic } from '../harness/kudos/kudos-schema.js'
import { formatDuration } from './format.js'
import { code, plain, table } from './markdown-text.js'
import { formatChange, formatShare, TRAFFIC_ROWS, trafficSentence } from './traffic.js'

export function speedMarkdown({
  candidate,
  baseline,
  valid,
  parity,
  forced,
  decision,
  payloads,
  load,
}: SpeedSection): string {
  const rows = payloads.map(({ id, candidate: own, baseline: other, decision: each }) => [
    code(id),
    formatDuration(own.wall.median),
    `${formatDuration(own.wall.p10)} – ${formatDuration(own.wall.p90)}`,
    own.step === undefined ? '' : `${own.step.median.toFixed(1)} ms`,
    (own.iterationsPerSecond.steps ?? own.iterationsPerSecond.empirical).toFixed(2),
    ...(baseline === undefined
      ? []
      : [
          other === undefined ? '' : formatDuration(other.wall.median),
          each === undefined
            ? ''
            : `${each.ratio.estimate.toFixed(3)} (${each.ratio.low.toFixed(3)}–${each.ratio.high.toFixed(3)})`,
          each?.verdict ?? '',
        ]),
  ])
  const head = [
    'payload',
    'median',
    'p10 – p90',
    'step',
    'it/s',
    ...(baseline === undefined ? [] : ['baseline', 'ratio', 'verdict']),
  ]
  const blocks = [
    '### Speed',
    valid ? '' : `> **Void**: a speed counts only where the pictures are right; ${plain(parity.reason)}.`,
    ...forced.map(reason => `> Measured by force although ${plain(reason)}.`),
    decision === undefined
      ? ''
      : `**${decision.verdict}**: ${code(candidate.spec)} against ${code(baseline?.spec ?? '')}: ${plain(decision.reason)}.`,
    table(head, rows),
    [candidate, ...(baseline === undefined ? [] : [baseline])]
      .map(
        ({ spec, backend, version, threads, coldMs, peakRssBytes, peakVramBytes }) =>
          `${code(spec)}: ${plain(`${backend} ${version}`)}, ${threads} threads, first picture after ${formatDuration(coldMs)}${
            peakRssBytes === undefined ? '' : `, ${(peakRssBytes / 2 ** 20).toFixed(0)} MiB at most`
          }${peakVramBytes === undefined ? '' : `, ${(peakVramBytes / 2 ** 20).toFixed(0)} MiB of the GPU`}`,
      )
      .join('  \n'),
    load === undefined
      ? ''
      : table(
          ['offered', 'in time', 'goodput', 'median', 'p90', 'busy', ''],
          load.map(({ offeredPerSecond, jobs, good, goodput, latency, busy, saturated }) => [
            `${offeredPerSecond.toFixed(2)}/s`,
            `${good} of ${jobs}`,
            `${goodput.toFixed(2)}/s`,
            latency === undefined ? '' : formatDuration(latency.median),
            latency === undefined ? '' : formatDuration(latency.p90),
            `${Math.round(100 * busy)} %`,
            saturated ? 'saturated' : '',
          ]),
        ),
  ]
  return blocks.filter(block => block !== '').join('\n\n')
}

export function kudosMarkdown({
  classes,
  mix,
  features,
  oddities,
  against,
  cases,
  model,
  traffic,
}: KudosSection): string {
  const ratios = new Map(against?.classes.map(({ class: name, ratio }) => [name, ratio]))
  const row = (name: string, worth: typeof mix, ratio: number | undefined) => [
    plain(name),
    String(worth.cases),
    worth.seconds.toFixed(2),
    worth.kudos.toFixed(2),
    worth.kudosPerHour.toFixed(0),
    ...(against === undefined ? [] : [ratio === undefined ? '' : `${ratio.toFixed(2)}×`]),
  ]
  const head = [
    'class',
    'cases',
    'seconds',
    'kudos',
    'kudos/hour',
    ...(against ? [`against ${plain(against.backend)}`] : []),
  ]
  const legacy = cases.filter(({ by }) => by === 'legacy').length
  const blocks = [
    '### Kudos',
    table(head, [...classes.map(one => row(one.class, one, ratios.get(one.class))), row('all', mix, against?.mix)]),
    traffic === undefined ? '' : trafficMarkdown(traffic, against?.backend),
    features.length === 0
      ? ''
      : `<details><summary>What features add</summary>\n\n${table(
          ['feature', 'case', 'without', 'time ×', 'kudos ×'],
          features.map(one => [
            plain(one.features.join(', ')),
            code(one.case),
            code(one.twin),
            one.secondsRatio.toFixed(2),
            one.kudosRatio.toFixed(2),
          ]),
        )}\n\n</details>`,
    oddities.length === 0
      ? ''
      : `<details><summary>Odd in the Horde's model</summary>\n\n${oddities.map(({ message }) => `- ${plain(message)}`).join('\n')}\n\n</details>`,
    `Prices of ${code(model.file)}; times without loading models${legacy === 0 ? '' : `; ${legacy} cases by the old formula`}.`,
  ]
  return blocks.filter(block => block !== '').join('\n\n')
}

function trafficMarkdown(traffic: Traffic, against: string | undefined): string {
  const rows = traffic.against?.features
    .slice(0, TRAFFIC_ROWS)
    .map(({ name, share, time, adds }) => [plain(name), formatShare(share), time.toFixed(2), formatChange(adds)])
  const sentence = plain(trafficSentence(traffic, against))
  return rows === undefined ? sentence : `${sentence}\n\n${table(['feature', 'asked for', 'time ×', 'adds'], rows)}`
}
