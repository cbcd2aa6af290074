/** Which of the things that a payload can ask for a run has drawn, judged, found to be the same, or found missing. */
import { faultedAsExpected, sameAs } from '../expectation.js'
import { type CaseResult, COVERAGE_STATUSES, type Coverage, type CoverageStatus } from '../run-schema.js'
import { FEATURES, hasFeature, PAIRS } from './space.js'

type Covered = Pick<CaseResult, 'id' | 'fixture' | 'state' | 'faults' | 'verdict'>

/**
 * @param unselected fixtures that were there and not replayed: what only they cover is not missing
 */
export function coverageOf(cases: readonly Covered[], unselected: Coverage['unselected']): Coverage {
  const own = [...cases.map(({ fixture }) => fixture), ...unselected].flatMap(({ features }) => features)
  const known = new Set(FEATURES.map(({ name }) => name))
  const others = [...new Set(own)].filter(name => !known.has(name)).sort()
  const rows = [
    ...FEATURES.map(({ name, group }) => ({ name, group, parts: [name] })),
    ...others.map(name => ({ name, group: 'own', parts: [name] })),
    ...PAIRS.map(pair => ({ name: pair.join(' + '), group: 'pair', parts: pair })),
  ]
  return {
    unselected,
    entries: rows.map(({ name, group, parts }) => {
      const has = (features: readonly string[]) => parts.every(part => hasFeature(features, part))
      const covering = cases.filter(({ fixture }) => has(fixture.features))
      const elsewhere = unselected.some(({ features }) => has(features))
      const statuses = [...covering.map(statusOf), ...(elsewhere ? ['unselected' as const] : [])]
      return { name, group, status: best(statuses), cases: covering.map(({ id }) => id) }
    }),
  }
}

function best(statuses: readonly CoverageStatus[]): CoverageStatus {
  return COVERAGE_STATUSES.find(status => statuses.includes(status)) ?? 'missing'
}

function statusOf(result: Covered): CoverageStatus {
  if (faultedAsExpected(result)) return 'fault'
  if (result.state !== 'ok') return 'error'
  if (sameAs(result) !== undefined) return 'aliased'
  return result.verdict?.golden === undefined ? 'replayed' : 'gated'
}
