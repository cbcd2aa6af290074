/** Cases that are not there for a picture of their own. */
import type { CaseResult } from './run-schema.js'

/** Code of the fault that a case is meant to end in. */
export function expectedFault({ fixture: { expect } }: Pick<CaseResult, 'fixture'>): string | undefined {
  return expect !== undefined && 'fault' in expect ? expect.fault : undefined
}

/** Whether a case ended in the very fault that it is meant to end in. */
export function faultedAsExpected(result: Pick<CaseResult, 'fixture' | 'state' | 'faults'>): boolean {
  const expected = expectedFault(result)
  return expected !== undefined && result.state === 'fault' && result.faults[0]?.code === expected
}

/** The case whose picture this one is meant to be. */
export function sameAs({ fixture: { expect } }: Pick<CaseResult, 'fixture'>): string | undefined {
  return expect !== undefined && 'same_as' in expect ? expect.same_as : undefined
}
