/** What the page is given beside its script: data blocks that no browser runs, named and shaped here for both sides. */
import type { GateResult, Run } from '../harness/run-schema.js'
import type { Metric, Outcome, RunSummary } from './summary.js'

/** Id of the block that holds `PageData` as JSON. */
export const DATA_ID = 'run-data'

/** Id of the block that holds the whole record of case `number` of the run (`CaseResult`) as JSON. */
export const caseId = (number: number) => `case-${number}`

/** A picture's block holds base64, its `data-type` the media type. */
export const pictureId = (number: number) => `picture-${number}`

/** A picture in the page by its number, one that lies beside the page by its address, or why there is none. */
export type PictureRef = { number: number } | { href: string } | { missing: string }

/** A case as it is shown, searched and sorted before it is opened. */
export interface PageCase {
  id: string
  outcome: Outcome
  reason: string
  title?: string
  source?: string
  features: readonly string[]
  twin?: string
  prompt: string
  /** The measured value that decided. */
  metric?: Metric
  /** Comparable across cases; less is worse. */
  likeness: number
  gates: readonly Pick<GateResult, 'gate' | 'verdict'>[]
  /** The first gate that did not pass. */
  gate?: string
  /** How it left its golden: equal fingerprints, one cause. */
  cause?: { fingerprint: string; says: string }
  /** Why there may be no picture. */
  fault?: string
  totalMs: number
  candidate: readonly PictureRef[]
  golden: readonly PictureRef[]
}

export interface PageData {
  run: Omit<Run, 'cases'>
  summary: RunSummary
  /** In the order of `run.cases`. */
  cases: readonly PageCase[]
}
