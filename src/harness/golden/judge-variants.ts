/** A case that has several accepted pictures is as good as the best of them says. */
import { type JudgedCase, judge } from '../gates/judge.js'
import type { Limits } from '../gates/limits.js'
import type { Golden } from '../golden-schema.js'
import type { AcceptedVariant } from '../goldens.js'
import type { CaseVerdict } from '../run-schema.js'

/** Best first. */
const VERDICTS = [
  'pass',
  'waived',
  'drift',
  'no-golden',
  'fail',
  'error',
] as const satisfies readonly CaseVerdict['verdict'][]

/** The best verdict that a variant gives, with the golden that gave it; of equal ones the nearest, then the first. */
export function judgeVariants(
  candidate: JudgedCase,
  accepted: readonly AcceptedVariant[],
  limits: Limits,
): { verdict: CaseVerdict; golden?: Golden } {
  if (accepted.length === 0) return { verdict: judge(candidate, undefined, limits) }
  const judged = accepted.map(({ variant, ...golden }) => ({
    variant,
    golden: golden.golden,
    verdict: judge(candidate, golden, limits),
  }))
  const best = judged.reduce((a, b) => (rank(b.verdict) < rank(a.verdict) ? b : a))
  if (accepted.length === 1 || best.verdict.golden === undefined) return best
  const { variant, golden, verdict } = best
  const says = `${verdict.reason} (variant ${variant} of ${accepted.length}${verdict.verdict === 'pass' ? '' : ', the nearest'})`
  return {
    golden,
    verdict: {
      ...verdict,
      reason: says,
      golden: { ...best.verdict.golden, variant, variants: accepted.length },
    },
  }
}

function rank({ verdict, gates }: CaseVerdict): number {
  const similarity = gates.find(({ gate }) => gate === 'pixels')?.metrics.ssim ?? 0
  return 10 * VERDICTS.indexOf(verdict) - similarity
}
