/**
 * Which goldens are so close to another case's golden that pixels cannot say which is which, and what says it instead. A feature
 * whose loss draws a picture that passes is gated by its plan or its latents, or by nothing.
 */
import { type JudgedGolden, judge } from '../gates/judge.js'
import { type Kinship, kinship, type Limits } from '../gates/limits.js'
import { shapeOf } from '../metrics/picture.js'
import { psnr } from '../metrics/psnr.js'
import type { Environment, GateResult } from '../run-schema.js'
import { uploaded } from '../uploads.js'
import { goldenAsResult } from './as-result.js'

/** Relations of machines under which goldens are told apart: another CPU, another kind of device. */
export const AUDITED = ['arithmetic', 'other'] as const satisfies readonly Kinship[]

export interface TooClose {
  /** What is drawn … */
  drawn: string
  /** … where this was approved. */
  approved: string
  /** dB; null for pictures that are equal. */
  psnr: number | null
  by: Record<(typeof AUDITED)[number], Decision>
}

export interface Decision {
  /** Pixels and defect probes tell them apart. */
  pixels: boolean
  /** First gate before the pixels that does; absent where none does. */
  gate?: string
}

export interface Audit {
  class: string
  goldens: number
  pairs: number
  tooClose: TooClose[]
}

/** Pictures further apart than this are other pictures by any limit. */
const FAR = 20

/** @param goldens of one class */
export async function auditGoldens(goldens: readonly JudgedGolden[], limits: Limits): Promise<Audit> {
  const tooClose: TooClose[] = []
  let pairs = 0
  for (const approved of goldens) {
    const others = goldens.filter(drawn => drawn !== approved && shapes(drawn) === shapes(approved))
    let prepared: JudgedGolden | undefined
    for (const drawn of others) {
      pairs++
      const distance = Math.min(...drawn.pictures.map((picture, i) => psnr(picture, approved.pictures[i] ?? picture)))
      if (distance < FAR) continue
      prepared ??= { ...approved, uploads: await Promise.all(approved.pictures.map(uploaded)) }
      const by = {
        arithmetic: decide(drawn, prepared, 'arithmetic', limits),
        other: decide(drawn, prepared, 'other', limits),
      }
      if (AUDITED.every(relation => by[relation].pixels)) continue
      tooClose.push({
        drawn: drawn.golden.case,
        approved: approved.golden.case,
        psnr: Number.isFinite(distance) ? distance : null,
        by,
      })
    }
  }
  return { class: goldens[0]?.golden.environment.class ?? '', goldens: goldens.length, pairs, tooClose }
}

const shapes = ({ pictures }: JudgedGolden) => pictures.map(shapeOf).join()

/** The one golden as if it had been drawn for the other's case. */
function decide(drawn: JudgedGolden, approved: JudgedGolden, relation: Kinship, limits: Limits): Decision {
  const { golden } = approved
  const result = goldenAsResult({ asked: golden, planned: drawn.golden, drawn: drawn.golden })
  const environment = related(golden.environment, relation)
  const { pictures, tensors } = drawn
  const { gates } = judge({ result, environment, pictures, tensors, explain: false }, approved, limits)
  const failed = (name: string) => gates.some(({ gate, verdict }) => gate === name && !isPassing(verdict))
  const gate = BEFORE_PIXELS.find(failed)
  return { pixels: failed('pixels') || failed('defects'), ...(gate === undefined ? {} : { gate }) }
}

const BEFORE_PIXELS = ['plan', 'inputs', 'conditioning', 'latents'] as const

function isPassing(verdict: GateResult['verdict']): boolean {
  return verdict === 'pass' || verdict === 'unmeasured'
}

/** An environment that is related to the golden's as wanted. */
export function related(environment: Environment, wanted: Kinship): Environment {
  const other =
    wanted === 'arithmetic'
      ? { ...environment, class: `${environment.class}-elsewhere` }
      : { ...environment, class: 'webgpu-elsewhere-fp16', provider: 'webgpu', dtype: 'fp16' }
  if (kinship(other, environment) !== wanted) throw new Error(`unreachable: ${wanted} is another relation`)
  return other
}
