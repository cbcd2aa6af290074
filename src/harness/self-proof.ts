/**
 * Does the judge see anything? Stored pictures that passed are damaged on purpose and judged once more; what it does not catch makes
 * everything it said worthless. Part of every check, so it is small: a few pictures, six kinds of damage.
 */
import { sha256Hex } from './canonical.js'
import { type JudgedCase, type JudgedGolden, judge } from './gates/judge.js'
import type { Limits } from './gates/limits.js'
import { type Picture, shapeOf } from './metrics/picture.js'
import { MUTATIONS, type MutationName } from './mutations/mutations.js'
import { randomOf, seedOf } from './mutations/pixels.js'
import type { CaseVerdict, SelfProof } from './run-schema.js'
import { withUploads } from './uploads.js'

/** A case that passed, with what it was compared with. */
export interface ProofSubject {
  candidate: JudgedCase
  approved: JudgedGolden
}

/** Pictures that are damaged. */
const SUBJECTS = 3

const DAMAGE = ['channels-swapped', 'seams-4', 'blur-2', 'black-square-24'] as const satisfies readonly MutationName[]

/** Subjects that are kept of a run: their pictures stay in memory. */
const KEPT = 12

/** Chooses among the cases of a run: the same ones, whatever the order in which they are offered. */
export function proofSubjects(): {
  offer(subject: ProofSubject, verdict: CaseVerdict): void
  chosen(): readonly ProofSubject[]
} {
  let kept: ProofSubject[] = []
  const rank = ({ candidate }: ProofSubject) => seedOf(candidate.result.id)
  return {
    offer(subject, verdict) {
      if (isProofSubject(subject, verdict)) kept = [...kept, subject].sort((a, b) => rank(a) - rank(b)).slice(0, KEPT)
    },
    chosen: () => kept,
  }
}

/** Can a case be damaged and judged: one photo that passed? */
function isProofSubject({ candidate }: ProofSubject, { verdict }: CaseVerdict): boolean {
  const { result, pictures } = candidate
  return verdict === 'pass' && result.fixture.output === 'photo' && pictures.length === 1 && result.faults.length === 0
}

/** The exact hash is not asked: it would catch everything, and is no proof of the rest. */
export async function selfProof(subjects: readonly ProofSubject[], limits: Limits): Promise<SelfProof> {
  const chosen = spread(subjects, SUBJECTS)
  if (chosen.length === 0) {
    return { verdict: 'unmeasured', reason: 'not measured: no photo passed that could be damaged', trials: [] }
  }
  const loose = withoutHashes(limits)
  const trials: SelfProof['trials'] = []
  for (const { candidate, approved } of chosen) {
    const prepared = await withUploads(approved, { ...candidate.result, images: [] })
    for (const { name, picture } of await damaged(candidate, subjects)) {
      const verdict = judge(withPicture(candidate, picture), prepared, loose)
      const caught = verdict.verdict !== 'pass'
      trials.push({ mutation: name, case: candidate.result.id, caught, ...(verdict.gate && { gate: verdict.gate }) })
    }
  }
  const missed = trials.filter(({ caught }) => !caught)
  if (missed.length === 0) {
    return { verdict: 'pass', reason: `all ${trials.length} damaged pictures were caught`, trials }
  }
  const named = missed.map(trial => `${trial.mutation} of ${trial.case}`).join(', ')
  return { verdict: 'fail', reason: `${missed.length} of ${trials.length} damaged pictures passed: ${named}`, trials }
}

/** As many as wanted, evenly from all of them. */
function spread<T>(items: readonly T[], wanted: number): T[] {
  const count = Math.min(wanted, items.length)
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]).filter(
    item => item !== undefined,
  )
}

async function damaged(
  { result, pictures, twin }: JudgedCase,
  subjects: readonly ProofSubject[],
): Promise<{ name: string; picture: Picture }[]> {
  const [own] = pictures
  if (own === undefined) return []
  const changed = await Promise.all(
    DAMAGE.map(async name => ({ name, picture: await MUTATIONS[name](own, randomOf(seedOf(name, result.id))) })),
  )
  const others = subjects.filter(({ candidate }) => candidate.result.id !== result.id)
  const strangers = others.flatMap(({ candidate }) => candidate.pictures).filter(isAnother(own))
  const twins = [...(twin?.golden ?? twin?.drawn ?? [])].filter(isAnother(own))
  return [
    ...changed.filter(({ picture }) => isAnother(own)(picture)),
    ...strangers.slice(0, 1).map(picture => ({ name: 'another case', picture })),
    ...twins.slice(0, 1).map(picture => ({ name: 'its twin', picture })),
  ]
}

/** Least distance at which a picture counts as another one: a twin may be drawn alike (contrast says so). */
const ANOTHER = 2

const isAnother = (own: Picture) => (picture: Picture) => {
  if (shapeOf(own) !== shapeOf(picture)) return false
  let squares = 0
  for (let i = 0; i < own.pixels.length; i++) squares += ((own.pixels[i] ?? 0) - (picture.pixels[i] ?? 0)) ** 2
  return Math.sqrt(squares / own.pixels.length) >= ANOTHER
}

function withPicture(candidate: JudgedCase, picture: Picture): JudgedCase {
  const { width, height, channels, pixels } = picture
  const [image] = candidate.result.images
  const images = [{ file: image?.file ?? '', width, height, channels, sha256: sha256Hex(pixels) }]
  return { ...candidate, result: { ...candidate.result, images }, pictures: [picture], explain: false }
}

function withoutHashes({ kin, ...limits }: Limits): Limits {
  const { machine } = kin
  return { ...limits, kin: { ...kin, machine: { ...machine, pixels: { ...machine.pixels, exact: false } } } }
}
