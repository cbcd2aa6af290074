import type { CaseResult } from '../../../harness/run-schema.js'
import type { Reference } from '../link.js'
import type { Block, Comparison } from './comparison.js'

/** Side of the blocks by which the pixel gate judges (`harness/metrics/ssim.ts`). */
const GATE_BLOCK = 64

interface Wanted {
  record: CaseResult | undefined
  reference: Reference
  /** Index in the batch. */
  picture: number
}

/** The block that the gate found worst, where it looked at these pictures, else the one that the heat map shows. */
export function worstBlock(comparison: Comparison, { record, reference, picture }: Wanted): Block | string {
  for (const { metrics } of record?.verdict?.gates ?? []) {
    const { worst_block_x: x, worst_block_y: y, image = 0 } = metrics
    if (x !== undefined && y !== undefined && image === picture && reference === 'golden') {
      return { x, y, size: GATE_BLOCK }
    }
  }
  const heat = comparison.heat(reference)
  return typeof heat === 'string' ? heat : heat.worst
}
