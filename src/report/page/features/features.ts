import type { Run } from '../../../harness/run-schema.js'
import { h } from '../dom.js'
import type { Section } from '../overview/tabs.js'
import { causes } from './causes.js'
import { coverageMap } from './coverage.js'
import { judge } from './judge.js'
import { matrix } from './matrix.js'

/** What the run says of features; undefined where it says nothing. */
export function featureSection(
  run: Pick<Run, 'coverage' | 'comparison' | 'selfProof' | 'population'>,
  onFeature: (name: string) => void,
): Section | undefined {
  const { coverage, comparison, selfProof, population } = run
  const judged = selfProof !== undefined || population !== undefined
  if (coverage === undefined && comparison === undefined && !judged) return undefined
  const open = comparison !== undefined && comparison.groups.length + comparison.uncompared.length > 0
  return {
    tab: 'features',
    title: 'Features',
    element: h(
      'div',
      { class: 'panels' },
      open && causes(comparison),
      comparison && comparison.matrix.length > 0 && matrix(comparison, onFeature),
      coverage && coverageMap(coverage, onFeature),
      judged && judge(run),
    ),
  }
}
