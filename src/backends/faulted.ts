import type { Generation, Timings } from '../engine/types.js'
import { faultOf } from '../errors.js'

export const NO_TIMINGS: Timings = { load: 0, encode: 0, steps: [], decode: 0, output: 0, total: 0 }

/** What a backend answers where it could not draw. */
export function faultedGeneration(id: string, error: unknown): Generation {
  return {
    id,
    state: 'fault',
    images: [],
    faults: [faultOf(error)],
    notes: [],
    fingerprints: {},
    timings: NO_TIMINGS,
    retries: 0,
  }
}
