import type { Golden } from '../golden-schema.js'
import type { CaseResult } from '../run-schema.js'

interface Parts {
  /** Whose case it is said to be. */
  asked: Golden
  /** Whose plan. */
  planned: Golden
  /** Whose pictures and stages. */
  drawn: Golden
}

/** Goldens as the result of a run, to be judged as one. */
export function goldenAsResult({ asked, planned, drawn }: Parts): CaseResult {
  return {
    id: asked.case,
    fixture: {
      version: asked.fixtureVersion,
      features: [],
      output: asked.output,
      payload: '{}',
      payloadSha256: asked.payloadSha256,
    },
    state: 'ok',
    images: drawn.images,
    faults: [],
    notes: [],
    plan: planned.plan,
    ...(planned.planSha256 === undefined ? {} : { planSha256: planned.planSha256 }),
    fingerprints: drawn.fingerprints,
    timings: { load: 0, encode: 0, steps: [], decode: 0, output: 0, total: 0 },
    retries: 0,
  }
}
