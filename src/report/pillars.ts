/** The three questions that a release is asked, with one number each: what the page, the Markdown and the table share. */
import type { Run } from '../harness/run-schema.js'
import { formatDuration, formatNumber, oneLine } from './format.js'
import { plural, type RunSummary, type Tone, withoutGolden } from './summary.js'
import { formatTimes, intervalText, SPEED_TONES, timesAsFast } from './times.js'

export interface Pillar {
  name: 'Parity' | 'Stability' | 'Speed'
  /** Undefined where nothing was measured: then `command` would. */
  figure?: string
  /** After the figure, e.g. `/ 37`. */
  unit?: string
  /** One line on the figure, or on what is known without one. */
  says: string
  /** What else is known. */
  more?: string
  tone?: Tone
  command?: string
}

export interface PillarInput {
  run: Pick<Run, 'stress' | 'speed' | 'kudos'>
  summary: RunSummary
  /** What each case took. */
  totalMs: readonly number[]
}

export function pillarsOf({ run, summary, totalMs }: PillarInput): [Pillar, Pillar, Pillar] {
  return [parity(summary), stability(run, summary), speed(run, totalMs)]
}

/** One line, e.g. `Parity 37 / 37 · Stability not measured (horde-onnx stress) · Speed 1.25×, as fast as …`. */
export function pillarLine(pillars: readonly Pillar[]): string {
  return pillars
    .map(({ name, figure, unit, says, command }) => {
      if (figure === undefined) return `${name} not measured${command === undefined ? '' : ` (${command})`}`
      return `${name} ${figure}${unit === undefined ? '' : ` ${unit}`}${name === 'Parity' ? '' : `, ${oneLine(says)}`}`
    })
    .join(' · ')
}

function parity({ counts, judged, cases }: RunSummary): Pillar {
  const none = counts['no-golden']
  if (judged === 0) {
    if (cases === 0) return { name: 'Parity', says: '', command: 'horde-onnx replay --check' }
    const says = none > 0 ? `${withoutGolden(none)} yet` : `${plural(cases, 'case')} not compared with a golden yet`
    return { name: 'Parity', says, command: 'horde-onnx check RUN' }
  }
  const says = ['cases match what was approved', ...(none > 0 ? [withoutGolden(none)] : [])].join(', ')
  const matched = counts.pass + counts.waived
  const tone = matched === judged ? 'good' : counts.fail + counts.error > 0 ? 'bad' : 'warn'
  return { name: 'Parity', figure: String(matched), unit: `/ ${judged}`, says, tone }
}

function stability({ stress }: PillarInput['run'], { retries, cases }: RunSummary): Pillar {
  if (stress) {
    const { totals, schedules, verdict } = stress
    // What was cancelled on purpose came out as nothing.
    const judged = totals.jobs - totals.cancelled
    const sound = judged - schedules.reduce((sum, { problems }) => sum + problems, 0)
    return {
      name: 'Stability',
      figure: sound.toLocaleString('en'),
      unit: `/ ${judged.toLocaleString('en')}`,
      says: 'jobs came out as when drawn alone',
      more: `${plural(totals.bleeds, 'bleed')}, ${totals.lost} lost, ${plural(totals.kills, 'lane')} killed`,
      tone: verdict === 'pass' ? 'good' : 'bad',
    }
  }
  const says = cases === 0 ? '' : `${plural(retries, 'job')} of this run's ${cases} had to be drawn again`
  return { name: 'Stability', says, command: 'horde-onnx stress' }
}

function speed({ speed, kudos }: PillarInput['run'], totalMs: readonly number[]): Pillar {
  const worth = kudos && { more: `${perHour(kudos.mix.kudosPerHour)} kudos an hour` }
  const decision = speed?.decision
  const [payload] = speed?.payloads ?? []
  if (speed && !speed.valid) return { name: 'Speed', figure: 'void', says: speed.parity.reason, tone: 'bad' }
  if (decision) {
    const tone = SPEED_TONES[decision.verdict]
    return {
      name: 'Speed',
      figure: formatTimes(timesAsFast(decision.ratio).estimate),
      says: `as fast as ${speed?.baseline?.backend ?? 'the baseline'}, ${intervalText(decision.ratio)}`,
      ...(tone === undefined ? {} : { tone }),
      ...worth,
    }
  }
  if (payload) {
    const { id, width, height, steps, candidate } = payload
    const figure = formatNumber(candidate.iterationsPerSecond.empirical)
    return { name: 'Speed', figure, unit: 'steps/s', says: `${id}, ${width}×${height}, ${steps} steps`, ...worth }
  }
  if (kudos) {
    const { against, mix } = kudos
    const than = against ? `, ${formatTimes(against.mix)} what ${against.backend} earns` : ''
    return {
      name: 'Speed',
      figure: perHour(mix.kudosPerHour),
      unit: 'kudos/h',
      says: `${plural(mix.cases, 'case')}${than}`,
    }
  }
  const median = totalMs.toSorted((a, b) => a - b)[Math.floor((totalMs.length - 1) / 2)]
  const says = median === undefined ? '' : `in this run half of the cases took less than ${formatDuration(median)}`
  return { name: 'Speed', says, command: 'horde-onnx bench' }
}

function perHour(kudos: number): string {
  return kudos.toLocaleString('en', { maximumFractionDigits: 0 })
}
