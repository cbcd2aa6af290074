/** What verdicts add up to: the matrix, and the causes behind what changed. Pure, over cases that are judged already. */
import { groupBy } from '../group-by.js'
import type { CaseResult, Run } from '../run-schema.js'
import { matrixOf, standingOf } from './matrix.js'
import { COMPARISON_SCHEMA, type Comparison, type Group, type Side } from './schema.js'

/** A candidate and its judged cases. */
export interface Candidate {
  side: Side
  cases: readonly CaseResult[]
  /** Cases that only the reference has. */
  missing?: readonly { id: string; features: readonly string[] }[]
}

export function comparisonOf(reference: Side, candidates: readonly Candidate[]): Comparison {
  return {
    schema: COMPARISON_SCHEMA,
    reference,
    candidates: candidates.map(({ side }) => side),
    matrix: matrixOf(
      candidates.map(({ cases, missing = [] }) => [
        ...cases.map(each => ({ id: each.id, features: each.fixture.features, standing: standingOf(each) })),
        ...missing.map(({ id, features }) => ({ id, features, standing: 'uncompared' as const })),
      ]),
    ),
    groups: candidates
      .flatMap(({ cases }, index) => groupsOf(cases, index))
      .sort((a, b) => b.cases.length - a.cases.length),
    uncompared: candidates.flatMap(({ cases, missing = [] }, candidate) => [
      ...cases.flatMap(each =>
        standingOf(each) === 'uncompared'
          ? [{ id: each.id, candidate, reason: each.verdict?.reason ?? 'it was not judged' }]
          : [],
      ),
      ...missing.map(({ id }) => ({ id, candidate, reason: 'only the reference has it' })),
    ]),
  }
}

/** Cases with one fingerprint. */
function groupsOf(cases: readonly CaseResult[], candidate: number): Group[] {
  const parted = cases.filter(({ verdict }) => verdict?.difference !== undefined)
  return [...groupBy(parted, ({ verdict }) => verdict?.difference?.fingerprint ?? '')].map(([fingerprint, members]) => {
    const verdicts = members.flatMap(({ verdict }) => verdict?.gates ?? []).map(({ verdict }) => verdict)
    const [first] = members
    return {
      fingerprint,
      candidate,
      gate: first?.verdict?.gate ?? '',
      verdict: (['error', 'fail', 'drift'] as const).find(kind => verdicts.includes(kind)) ?? 'drift',
      says: first?.verdict?.difference?.says ?? '',
      cases: members.map(({ id }) => id),
      features: (first?.fixture.features ?? []).filter(feature =>
        members.every(({ fixture }) => fixture.features.includes(feature)),
      ),
    }
  })
}

/** A run as a side of a comparison. */
export function runSide(run: Run, name = `${run.backend} ${run.version}`): Side {
  return {
    name,
    kind: 'run',
    run: run.id,
    backend: run.backend,
    version: run.version,
    ...(run.commit === undefined ? {} : { commit: run.commit }),
    classes: [run.environment.class],
    cases: run.cases.length,
  }
}

/** The goldens that a run was judged by. */
export function goldenSide({ cases }: Pick<Run, 'cases'>): Side {
  const judged = cases.flatMap(({ verdict }) => (verdict?.golden === undefined ? [] : [verdict.golden]))
  return {
    name: 'goldens',
    kind: 'goldens',
    classes: [...new Set(judged.map(golden => golden.class))].sort(),
    cases: judged.length,
  }
}
