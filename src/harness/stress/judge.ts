/** Judges the jobs of a schedule by what each is alone, and finds out whose result it is that a job got instead. Pure. */
import type { Generation } from '../../engine/types.js'
import { psnr } from '../metrics/psnr.js'
import type { Outcome } from './play.js'
import type { StressBleed, StressJob, StressProblem } from './stress-schema.js'

/** What a job is when nobody else is there. */
export type Solo = Pick<Generation, 'state' | 'images' | 'faults' | 'fingerprints'>

export interface Judgement {
  verdict: StressJob['verdict']
  problem?: Pick<StressProblem, 'reason' | 'leavesAt' | 'bleed'>
}

export interface JudgeOptions {
  /** PSNR in dB that a picture must have to the solo one; none where it must be the same. */
  toleranceDb?: number
}

export function judgeOutcome(
  { entry, generation }: Pick<Outcome, 'entry' | 'generation'>,
  solos: ReadonlyMap<string, Solo>,
  { toleranceDb }: JudgeOptions = {},
): Judgement {
  const solo = solos.get(entry.job)
  if (generation === undefined) return unexpected('nothing was heard of it any more: it is lost')
  if (solo === undefined) return unexpected('there is no solo run to compare it with')
  if (generation.state === 'cancelled') {
    return entry.abort_at === undefined
      ? unexpected('it was cancelled, and nobody asked for that')
      : { verdict: 'not-judged' }
  }
  if (solo.state === 'fault' && !entry.job.startsWith('faulty')) {
    return unexpected(`alone it is ${stateOf(solo)}: ${solo.faults[0]?.message}`)
  }
  if (generation.state !== solo.state || generation.faults[0]?.code !== solo.faults[0]?.code) {
    const [fault] = generation.faults
    return unexpected(
      `alone it is ${stateOf(solo)}, here it is ${stateOf(generation)}${fault ? `: ${fault.message}` : ''}`,
    )
  }
  if (generation.state === 'fault' || isSame(generation, solo)) return { verdict: 'same' }

  const bleed = bleedOf(entry.job, generation, solos)
  const leavesAt = Object.keys(solo.fingerprints).find(
    stage => generation.fingerprints[stage] !== solo.fingerprints[stage],
  )
  const where = leavesAt === undefined ? {} : { leavesAt }
  const decibels = psnrOf(generation, solo)
  // Nearer to another job than to itself is a bleed, however near.
  const own = bleed === undefined || (bleed.evidence === 'pixels' && (bleed.rms ?? 0) >= (bleed.ownRms ?? 0))
  if (toleranceDb !== undefined && decibels >= toleranceDb && own) return { verdict: 'within-tolerance' }
  const whose =
    bleed === undefined
      ? ''
      : bleed.evidence === 'stage'
        ? `; its ${bleed.stages?.join(', ')} are those of ${bleed.job}`
        : `; what it differs by is of ${bleed.job} (correlation ${bleed.correlation?.toFixed(2)})`
  return {
    verdict: 'different',
    problem: {
      reason: `it is not what it is alone: PSNR ${decibels.toFixed(1)} dB, first at ${leavesAt ?? 'the picture'}${whose}`,
      ...where,
      ...(bleed === undefined ? {} : { bleed }),
    },
  }
}

const unexpected = (reason: string): Judgement => ({ verdict: 'unexpected', problem: { reason } })

const stateOf = ({ state, faults }: Solo) => (state === 'fault' ? `a fault (${faults[0]?.code})` : state)

function isSame(a: Solo, b: Solo): boolean {
  const pictures =
    a.images.length === b.images.length && a.images.every(({ sha256 }, i) => sha256 === b.images[i]?.sha256)
  return pictures && Object.entries(b.fingerprints).every(([stage, hash]) => a.fingerprints[stage] === hash)
}

/** Whose it is: bits of a stage that are another job's, or a trace of its picture. */
function bleedOf(job: string, got: Solo, solos: ReadonlyMap<string, Solo>): StressBleed | undefined {
  const own = solos.get(job)
  for (const [other, solo] of solos) {
    if (other === job) continue
    const stages = Object.entries(got.fingerprints).flatMap(([stage, hash]) =>
      hash === solo.fingerprints[stage] && hash !== own?.fingerprints[stage] ? [stage] : [],
    )
    if (stages.length > 0) return { job: other, evidence: 'stage', stages }
  }
  const traces = [...solos].flatMap(([other, solo]) => {
    const trace = other === job || own === undefined ? undefined : traceOf(got, own, solo)
    return trace === undefined ? [] : [{ job: other, evidence: 'pixels' as const, ...trace }]
  })
  const clearest = traces.toSorted((a, b) => b.correlation - a.correlation)[0]
  return clearest !== undefined && clearest.correlation >= CLEAR ? clearest : undefined
}

/** Correlation from which on a picture is told to have something of another. Pictures of unrelated jobs stay below. */
const CLEAR = 0.3

/**
 * How much of another job's picture is in one: the correlation of what it differs by from its own with what the other differs
 * by from its own. It is 1 for the other's picture and for every mixture of the two. The first pictures count; undefined where
 * they are of different sizes.
 */
function traceOf(
  { images: [got] }: Solo,
  { images: [own] }: Solo,
  { images: [other] }: Solo,
): { correlation: number; rms: number; ownRms: number } | undefined {
  if (
    !got ||
    !own ||
    !other ||
    [own, other].some(({ width, height }) => width !== got.width || height !== got.height)
  ) {
    return undefined
  }
  let [product, squares, otherSquares, distance] = [0, 0, 0, 0]
  for (let i = 0; i < got.pixels.length; i++) {
    const base = own.pixels[i] ?? 0
    const [mine, others] = [(got.pixels[i] ?? 0) - base, (other.pixels[i] ?? 0) - base]
    product += mine * others
    squares += mine ** 2
    otherSquares += others ** 2
    distance += (mine - others) ** 2
  }
  const count = got.pixels.length
  return {
    correlation: squares === 0 || otherSquares === 0 ? 0 : product / Math.sqrt(squares * otherSquares),
    rms: Math.sqrt(distance / count),
    ownRms: Math.sqrt(squares / count),
  }
}

/** The worst of all pictures. */
function psnrOf(a: Solo, b: Solo): number {
  if (a.images.length !== b.images.length) return 0
  return Math.min(
    ...a.images.map((image, i) => {
      const other = b.images[i]
      return other?.width === image.width && other.height === image.height ? psnr(image, other) : 0
    }),
  )
}
