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
  if (generation.state !== solo.state || generation.faults[0]?.code !== solo.faults[0]?.code) {
    return unexpected(`alone it is ${stateOf(solo)}, here it is ${stateOf(generation)}`)
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
        : `; of all solo pictures that of ${bleed.job} is nearest (${bleed.rms?.toFixed(1)}, its own ${bleed.ownRms?.toFixed(1)})`
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

/** Whose it is: bits of a stage that are another job's, or the nearest of all solo pictures. */
function bleedOf(job: string, got: Solo, solos: ReadonlyMap<string, Solo>): StressBleed | undefined {
  const own = solos.get(job)
  for (const [other, solo] of solos) {
    if (other === job) continue
    const stages = Object.entries(got.fingerprints).flatMap(([stage, hash]) =>
      hash === solo.fingerprints[stage] && hash !== own?.fingerprints[stage] ? [stage] : [],
    )
    if (stages.length > 0) return { job: other, evidence: 'stage', stages }
  }
  const ownRms = own && distance(got, own)
  let nearest: { job: string; rms: number } | undefined
  for (const [other, solo] of solos) {
    const rms = other === job ? undefined : distance(got, solo)
    if (rms !== undefined && (nearest === undefined || rms < nearest.rms)) nearest = { job: other, rms }
  }
  if (nearest === undefined) return undefined
  return { ...nearest, evidence: 'pixels', ...(ownRms === undefined ? {} : { ownRms }) }
}

/** Root mean square of the difference of the first pictures; undefined where they are of different sizes. */
function distance({ images: [a] }: Solo, { images: [b] }: Solo): number | undefined {
  if (a === undefined || b === undefined || a.width !== b.width || a.height !== b.height) return undefined
  let squares = 0
  for (let i = 0; i < a.pixels.length; i++) squares += ((a.pixels[i] ?? 0) - (b.pixels[i] ?? 0)) ** 2
  return Math.sqrt(squares / a.pixels.length)
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
