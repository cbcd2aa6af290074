/**
 * The contrast gate of aliases: where the Horde makes no difference (plms is drawn with euler), the picture has to be the other
 * case's. Not bit by bit: two jobs may have been computed in batches of another size.
 */
import { sha256Hex } from '../canonical.js'
import type { Picture } from '../metrics/picture.js'
import type { GateResult } from '../run-schema.js'
import type { Twin } from './contrast.js'
import type { PixelLimits } from './limits.js'
import { pixelGate } from './pixels.js'

interface SamenessInput {
  pictures: readonly Picture[]
  /** The case whose picture this has to be; what this run drew counts before its golden. */
  other: Twin
  /** For two pictures of one class. */
  limits: PixelLimits
}

export function samenessGate({ pictures, other, limits }: SamenessInput): GateResult {
  const { id, drawn, golden } = other
  const expected = drawn ?? golden
  if (expected === undefined) {
    const reason = `${id}, whose picture this has to be, was neither drawn nor approved`
    return { gate: 'contrast', verdict: 'unmeasured', reason, metrics: {} }
  }
  const { verdict, reason, metrics } = pixelGate({
    candidate: pictures.map(hashed),
    golden: expected.map(hashed),
    limits: { ...limits, exact: false },
    closeIsFine: '',
  })
  if (verdict === 'pass')
    return { gate: 'contrast', verdict, reason: `it is the picture of ${id}, as it has to be`, metrics }
  return { gate: 'contrast', verdict: 'fail', reason: `it has to be the picture of ${id}: ${reason}`, metrics }
}

const hashed = (picture: Picture) => ({ sha256: sha256Hex(picture.pixels), picture })
