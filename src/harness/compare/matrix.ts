/** The feature parity matrix: how each feature stands on each backend or release. */
import { expectedFault } from '../expectation.js'
import { groupBy } from '../group-by.js'
import type { CaseResult } from '../run-schema.js'
import { type Cell, type Comparison, STANDINGS, type Standing } from './schema.js'

/** Row of the cases that name no feature. */
export const NO_FEATURE = '(none)'

/** What a case's verdict says of the feature, whatever a waiver says of the verdict. */
export function standingOf({ state, faults, fixture, verdict }: CaseResult): Standing {
  if (state !== 'ok') {
    // What cannot be done is told as such even where a fixture expects it: it is never a pass.
    if (faults[0]?.code === 'unsupported') return 'unsupported'
    return verdict?.verdict === 'pass' && expectedFault({ fixture }) !== undefined ? 'same' : 'fault'
  }
  switch (verdict?.verdict) {
    case 'pass':
      return 'same'
    case 'drift':
      return 'drift'
    case 'fail':
      return 'different'
    case 'error':
      return 'fault'
    case 'waived':
      return verdict.gates.some(gate => gate.verdict === 'fail' || gate.verdict === 'error') ? 'different' : 'drift'
    default:
      return 'uncompared'
  }
}

/** A case as the matrix sees it. */
export interface Standed {
  id: string
  features: readonly string[]
  standing: Standing
}

/** One row for each feature that a candidate has cases of, one cell for each candidate. */
export function matrixOf(candidates: readonly (readonly Standed[])[]): Comparison['matrix'] {
  const rows = candidates.map(cases =>
    groupBy(
      cases.flatMap(each =>
        (each.features.length === 0 ? [NO_FEATURE] : each.features).map(feature => ({ feature, each })),
      ),
      ({ feature }) => feature,
    ),
  )
  const features = [...new Set(rows.flatMap(row => [...row.keys()]))].sort()
  return features.map(feature => ({
    feature,
    cells: rows.map(row => cellOf((row.get(feature) ?? []).map(({ each }) => each))),
  }))
}

/** A candidate without cases of a feature was not compared in it. */
function cellOf(cases: readonly Standed[]): Cell {
  const counts = STANDINGS.flatMap(standing => {
    const count = cases.filter(each => each.standing === standing).length
    return count === 0 ? [] : [[standing, count] as const]
  })
  return {
    standing: counts[0]?.[0] ?? 'uncompared',
    counts: Object.fromEntries(counts),
    cases: cases.flatMap(({ id, standing }) => (standing === 'same' ? [] : [{ id, standing }])),
  }
}
