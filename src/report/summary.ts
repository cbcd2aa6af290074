/** What the cases of a run add up to: the counts and sentences that the table, the Markdown, the JUnit file and the page share. */
import { faultedAsExpected } from '../harness/expectation.js'
import type { CaseResult, Run } from '../harness/run-schema.js'
import { formatTimes, SPEED_TONES, timesAsFast } from './times.js'

/** From what needs a person most to what needs none. */
export const OUTCOMES = ['fail', 'error', 'drift', 'no-golden', 'unjudged', 'waived', 'pass'] as const

/** A verdict, or `unjudged` for a case that was replayed and not compared with anything yet. */
export type Outcome = (typeof OUTCOMES)[number]

export interface RunSummary {
  cases: number
  /** Cases that were selected and never came in. */
  pending: number
  counts: Readonly<Record<Outcome, number>>
  /** Cases that were compared with a golden: what `counts.pass` is a part of. */
  judged: number
  /** Of a run without cases: what it did instead. */
  instead?: { tone: Tone; text: string }
  /** What is wrong with the run as a whole, whatever its cases say: stress, population, self-proof. */
  wrong: readonly string[]
  /** Of those the ones that ended in the fault that they are there for, which need no golden. */
  expectedFaults: number
  /** Waivers that ran out. */
  expired: number
  images: number
  /** Jobs that a lane lost and another attempt finished. */
  retries: number
  /** By name. */
  features: readonly string[]
  /** Cases that were judged by goldens of the run's own environment class. */
  ownGoldens: number
  /** Environment classes of goldens that are not the run's own. */
  foreignClasses: readonly string[]
}

export function summarise(run: Run): RunSummary {
  const outcomes = run.cases.map(outcomeOf)
  const counts: Record<Outcome, number> = {
    fail: 0,
    error: 0,
    drift: 0,
    'no-golden': 0,
    unjudged: 0,
    waived: 0,
    pass: 0,
  }
  for (const outcome of outcomes) counts[outcome]++
  return {
    cases: run.cases.length,
    pending: run.pending.length,
    counts,
    judged: run.cases.length - counts.unjudged - counts['no-golden'],
    expectedFaults: run.cases.filter(each => outcomeOf(each) === 'pass' && faultedAsExpected(each)).length,
    expired: expiredWaivers(run).length,
    wrong: wrongWith(run),
    ...(run.cases.length + run.pending.length > 0 ? {} : instead(run)),
    images: run.cases.reduce((total, { images }) => total + images.length, 0),
    retries: run.cases.reduce((total, { retries }) => total + retries, 0),
    features: sortedSet(run.cases.flatMap(({ fixture }) => fixture.features)),
    ownGoldens: run.cases.filter(({ verdict }) => verdict?.golden?.crossClass === false).length,
    foreignClasses: sortedSet(
      run.cases.flatMap(({ verdict }) => (verdict?.golden?.crossClass ? [verdict.golden.class] : [])),
    ),
  }
}

/** A case that failed before anything could be compared is an error, checked or not. */
export function outcomeOf(result: CaseResult): Outcome {
  if (result.verdict !== undefined) return result.verdict.verdict
  return result.state === 'ok' || faultedAsExpected(result) ? 'unjudged' : 'error'
}

/** One sentence. */
export function reasonOf(result: CaseResult): string {
  const { state, verdict, faults } = result
  if (verdict !== undefined) return verdict.reason
  if (state === 'cancelled') return 'cancelled before it was done'
  if (faultedAsExpected(result)) return `ended in the fault that is expected: ${faults[0]?.message}`
  return faults[0]?.message ?? 'not compared with a golden yet'
}

export interface Metric {
  gate: string
  name: string
  value: number
  limit?: number
}

/** Metrics that grow as pictures part; of all others more is better. */
const DISTANCES: ReadonlySet<string> = new Set([
  'distance',
  'phash',
  'alpha',
  'mean_rgb',
  'contrast',
  'saturation',
  'hue',
  'brightness',
  'colour',
  'texture',
  'pixel',
  'sharpness',
  'seam',
  'shift',
  'warp',
])

/**
 * The measured value that decided a case: of the gate that stopped it (else of the pixels, else of the last one), the
 * metric nearest to, or furthest beyond, its limit.
 */
export function decidingMetric({ verdict }: CaseResult): Metric | undefined {
  const measured = verdict?.gates.filter(({ metrics }) => Object.keys(metrics).length > 0) ?? []
  const gate =
    measured.find(({ gate }) => gate === verdict?.gate) ??
    measured.find(({ gate }) => gate === 'pixels') ??
    measured.at(-1)
  if (gate === undefined) return undefined
  const metrics = Object.entries(gate.metrics)
    .filter(([name]) => !name.startsWith('limit_'))
    .map(([name, value]): Metric => {
      const limit = gate.metrics[`limit_${name}`]
      return { gate: gate.gate, name, value, ...(limit === undefined ? {} : { limit }) }
    })
  const limited = metrics.filter(({ limit }) => limit !== undefined)
  return limited.length === 0 ? metrics[0] : limited.reduce((worst, each) => (room(each) < room(worst) ? each : worst))
}

/** Whether a metric is on the wrong side of its limit; a metric without one never is. */
export function isBeyond({ name, value, limit }: Omit<Metric, 'gate'>): boolean {
  return limit !== undefined && (isDistance(name) ? value > limit : value < limit)
}

export function isDistance(name: string): boolean {
  return DISTANCES.has(name)
}

/** How far within its limit a metric is, relative to the limit; negative beyond it. */
function room({ name, value, limit = 0 }: Metric): number {
  const distance = isDistance(name) ? limit - value : value - limit
  return distance / (Math.abs(limit) || 1)
}

/** What a waiver that ran out says: it fails the run by itself. */
export function expiredWaivers({ waivers = [] }: Pick<Run, 'waivers'>): string[] {
  return waivers.flatMap(({ case: glob, gate, owner, expires, state }) =>
    state === 'expired'
      ? [`the waiver of ${owner} for ${glob} (${gate}) expired on ${expires}: renew it with a reason, or remove it`]
      : [],
  )
}

export type Tone = 'good' | 'warn' | 'bad'

/** What a run is about that drew no cases: it stressed, or it was timed. */
function instead({ stress, speed, kudos }: Run): Pick<RunSummary, 'instead'> {
  if (stress) return { instead: { tone: stress.verdict === 'pass' ? 'good' : 'bad', text: sentence(stress.reason) } }
  if (speed && !speed.valid) return { instead: { tone: 'bad', text: `Void: ${speed.parity.reason}` } }
  if (speed?.decision) {
    const { verdict, ratio } = speed.decision
    const text = `${formatTimes(timesAsFast(ratio).estimate)} as fast as ${speed.baseline?.backend ?? 'the baseline'}: ${verdict}`
    return { instead: { tone: SPEED_TONES[verdict] ?? 'good', text } }
  }
  if (speed) return { instead: { tone: 'good', text: `${plural(speed.payloads.length, 'payload')} timed` } }
  return kudos ? { instead: { tone: 'good', text: `${plural(kudos.mix.cases, 'case')} priced` } } : {}
}

function wrongWith({ stress, population, selfProof }: Run): string[] {
  return [
    ...(selfProof?.verdict === 'fail' ? [`the judge proves nothing: ${selfProof.reason}`] : []),
    ...(population?.verdict === 'fail' ? [population.reason] : []),
    ...(stress?.verdict === 'fail' ? ['the stress run failed'] : []),
  ]
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
}

/** The whole run in one sentence. */
export function headline({ cases, pending, counts, judged, expectedFaults, expired, wrong, instead }: RunSummary): {
  tone: Tone
  text: string
} {
  const broken = [
    counts.fail > 0 && `${counts.fail} failed`,
    counts.error > 0 && `${counts.error} ended in an error`,
    pending > 0 && `${pending} never ran`,
    expired > 0 && `${plural(expired, 'waiver')} expired`,
  ].filter(part => part !== false)
  if (instead) return instead
  if (cases + pending === 0) return { tone: 'bad', text: 'Nothing was replayed' }
  if (broken.length > 0)
    return { tone: 'bad', text: `Of ${plural(cases + pending, 'case')} ${[broken.join(', '), ...wrong].join('; ')}` }
  if (wrong.length > 0) return { tone: 'bad', text: sentence(wrong.join('; ')) }
  if (counts.unjudged === cases) return { tone: 'warn', text: `${plural(cases, 'case')} replayed, none compared yet` }
  const open = [
    counts.drift > 0 && `${counts.drift} drifted`,
    counts['no-golden'] > 0 && withoutGolden(counts['no-golden']),
    counts.unjudged > 0 && `${counts.unjudged} not compared`,
  ].filter(part => part !== false)
  if (open.length > 0) return { tone: 'warn', text: `Of ${plural(cases, 'case')} ${open.join(', ')}` }
  const waived = counts.waived > 0 ? `, ${counts.waived} of them by a waiver` : ''
  const faults = expectedFaults > 0 ? `, ${expectedFaults} more ended in the fault that is expected` : ''
  return { tone: 'good', text: `All ${plural(judged - expectedFaults, 'case')} match their goldens${waived}${faults}` }
}

/** Why what was judged by goldens of another environment class is judged more loosely; undefined where none was. */
export function foreignGoldens(
  { foreignClasses, ownGoldens, judged, expectedFaults }: RunSummary,
  run: Pick<Run, 'environment'>,
): string | undefined {
  if (foreignClasses.length === 0) return undefined
  const classes = foreignClasses.join(', ')
  const lack =
    ownGoldens === 0
      ? 'no goldens of its own'
      : `goldens of its own for ${ownGoldens} of ${judged - expectedFaults} cases only`
  const whose = ownGoldens === 0 ? 'its pictures' : 'the other pictures'
  return `This machine (${run.environment.class}) has ${lack}: ${whose} were compared with those of ${classes} by the perceptual gates, not bit by bit.`
}

/** E.g. `3 have no golden`. */
export function withoutGolden(count: number): string {
  return `${count} ${count === 1 ? 'has' : 'have'} no golden`
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function sortedSet(values: readonly string[]): string[] {
  return [...new Set(values)].sort()
}
