/** What a run's coverage adds up to. */
import { COVERAGE_STATUSES, type Coverage, type CoverageStatus, type Run } from '../harness/run-schema.js'

const WORDS: Record<CoverageStatus, string> = {
  gated: 'gated',
  replayed: 'replayed',
  aliased: 'aliased',
  fault: 'end in the fault that is expected',
  error: 'end in an error',
  unselected: 'not selected',
  missing: 'missing',
}

/** One sentence; undefined where there is nothing to tell: no coverage, or a single payload, which covers what it covers. */
export function coverageLine({ coverage, cases }: Pick<Run, 'coverage' | 'cases'>): string | undefined {
  if (coverage === undefined || cases.length + coverage.unselected.length < 2) return undefined
  const counts = COVERAGE_STATUSES.map(status => ({ status, count: having(coverage, status).length }))
  const told = counts.filter(({ count }) => count > 0).map(({ status, count }) => `${count} ${WORDS[status]}`)
  return `Of ${coverage.entries.length} features and pairs ${told.join(', ')}`
}

export interface CoveredGroup {
  group: string
  /** How many are judged by goldens. */
  gated: number
  /** Names of the rest. */
  others: { status: CoverageStatus; names: string[] }[]
}

export function groupedCoverage(coverage: Coverage): CoveredGroup[] {
  const groups = [...new Set(coverage.entries.map(({ group }) => group))]
  return groups.map(group => {
    const own = { ...coverage, entries: coverage.entries.filter(entry => entry.group === group) }
    const others = COVERAGE_STATUSES.filter(status => status !== 'gated')
      .map(status => ({ status, names: having(own, status) }))
      .filter(({ names }) => names.length > 0)
    return { group, gated: having(own, 'gated').length, others }
  })
}

function having({ entries }: Coverage, wanted: CoverageStatus): string[] {
  return entries.filter(({ status }) => status === wanted).map(({ name }) => name)
}
