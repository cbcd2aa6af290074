import type { CaseResult } from '../../harness/run-schema.js'
import { caseId } from '../page-data.js'
import { findBlock } from './blocks.js'

/** Everything that the run knows of a case. Rejects where the page was cut off before it. */
export async function caseRecord(number: number): Promise<CaseResult> {
  const block = await findBlock(caseId(number))
  if (block === undefined) throw new Error('the page was cut off before the record of this case')
  // The renderer wrote this block from a run that it had validated.
  return JSON.parse(block.textContent ?? '') as CaseResult
}
