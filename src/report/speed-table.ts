/** The section `speed` as tables for terminals. */
import Table from 'cli-table3'
import type { BenchSide, Decision, Measured, SpeedSection } from '../harness/bench/speed-schema.js'
import { formatDuration, oneLine } from './format.js'

export function renderSpeedTable(speed: SpeedSection): string {
  const { candidate, baseline, valid, parity, forced, decision, payloads, load } = speed
  const blocks = [
    sidesTable([candidate, ...(baseline === undefined ? [] : [baseline])]),
    payloadTable(payloads),
    phaseTable(payloads),
  ]
  if (load !== undefined) blocks.push(loadTable(load))
  if (decision !== undefined)
    blocks.push(`${oneLine(candidate.spec)} against ${oneLine(baseline?.spec ?? '')}: ${sentence(decision)}`)
  if (!valid) blocks.push(`VOID: a speed counts only where the pictures are right; ${oneLine(parity.reason)}`)
  for (const reason of forced) blocks.push(`measured by --force although ${oneLine(reason)}`)
  return blocks.join('\n\n')
}

function sentence({ verdict, reason }: Decision): string {
  return `${verdict.toUpperCase()}: ${oneLine(reason)}`
}

const STYLE = { style: { head: [], border: [], compact: true } }

function sidesTable(sides: readonly BenchSide[]): string {
  const table = new Table({ head: ['', 'version', 'where', 'threads', 'cold start', 'peak memory'], ...STYLE })
  for (const { spec, backend, version, commit, class: name, threads, coldMs, peakRssBytes, peakVramBytes } of sides) {
    table.push([
      oneLine(spec),
      oneLine(`${backend} ${version}${commit === undefined ? '' : ` ${commit.slice(0, 8)}`}`),
      oneLine(name),
      String(threads),
      formatDuration(coldMs),
      [
        peakRssBytes === undefined ? '' : `${(peakRssBytes / 2 ** 20).toFixed(0)} MiB`,
        peakVramBytes === undefined ? '' : `${(peakVramBytes / 2 ** 20).toFixed(0)} MiB on the GPU`,
      ]
        .filter(Boolean)
        .join(', '),
    ])
  }
  return table.toString()
}

function payloadTable(payloads: SpeedSection['payloads']): string {
  const table = new Table({
    head: ['payload', 'median', 'p10', 'p90', 'step', 'it/s', 'ratio', 'verdict'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'left', 'left'],
    ...STYLE,
  })
  for (const { id, candidate, baseline, decision } of payloads) {
    table.push([
      ...sideCells(oneLine(id), candidate),
      decision === undefined ? '' : ratioText(decision),
      decision === undefined ? '' : `${decision.verdict}${decision.doubled ? ', more pairs' : ''}`,
    ])
    if (baseline !== undefined) table.push([...sideCells('  baseline', baseline), '', ''])
  }
  return table.toString()
}

function sideCells(name: string, { wall, step, iterationsPerSecond }: Measured): string[] {
  return [
    name,
    formatDuration(wall.median),
    formatDuration(wall.p10),
    formatDuration(wall.p90),
    step === undefined ? '' : `${step.median.toFixed(1)} ms`,
    (iterationsPerSecond.steps ?? iterationsPerSecond.empirical).toFixed(2),
  ]
}

function ratioText({ ratio }: Decision): string {
  return `${ratio.estimate.toFixed(3)} (${ratio.low.toFixed(3)}–${ratio.high.toFixed(3)})`
}

function phaseTable(payloads: SpeedSection['payloads']): string {
  const table = new Table({
    head: ['payload', 'encode', 'sampling', 'decode', 'output', 'it/s empirical', 'theoretical', 'energy', 'warm-up'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'right', 'left'],
    ...STYLE,
  })
  const row = (name: string, { phases, iterationsPerSecond, joules, warmUps, stable }: Measured) => [
    name,
    ...(['encode', 'sampling', 'decode', 'output'] as const).map(phase =>
      phases === undefined ? '' : formatDuration(phases[phase]),
    ),
    iterationsPerSecond.empirical.toFixed(2),
    iterationsPerSecond.theoretical?.toFixed(2) ?? '',
    joules === undefined ? '' : `${joules.toFixed(0)} J`,
    `${warmUps.map(ms => ms.toFixed(0)).join(', ')} ms${stable ? '' : ', not stable'}`,
  ]
  for (const { id, candidate, baseline } of payloads) {
    table.push(row(oneLine(id), candidate))
    if (baseline !== undefined) table.push(row('  baseline', baseline))
  }
  return table.toString()
}

function loadTable(load: NonNullable<SpeedSection['load']>): string {
  const table = new Table({
    head: ['offered', 'done', 'in time', 'goodput', 'median', 'p90', 'busy', ''],
    colAligns: ['right', 'right', 'right', 'right', 'right', 'right', 'right', 'left'],
    ...STYLE,
  })
  for (const { offeredPerSecond, jobs, completed, good, goodput, latency, busy, saturated } of load) {
    table.push([
      `${offeredPerSecond.toFixed(2)}/s`,
      `${completed} of ${jobs}`,
      String(good),
      `${goodput.toFixed(2)}/s`,
      latency === undefined ? '' : formatDuration(latency.median),
      latency === undefined ? '' : formatDuration(latency.p90),
      `${Math.round(100 * busy)} %`,
      saturated ? 'saturated' : '',
    ])
  }
  return table.toString()
}
