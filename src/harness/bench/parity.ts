/** Whether a speed counts: only of a build that was shown to draw the right pictures. */
import type { Run } from '../run-schema.js'
import { readRun } from '../run-store.js'
import type { SpeedSection } from './speed-schema.js'

/**
 * By the bench's own pictures, or by a run of the same build, environment and models that is named instead.
 *
 * @throws RunError where the named run cannot be read
 */
export async function parityOf(own: Run, named: string | undefined): Promise<Pick<SpeedSection, 'valid' | 'parity'>> {
  const run = named === undefined ? own : await readRun(named, { pictures: false })
  const passed = run.cases.filter(({ verdict }) => verdict !== undefined && GOOD.has(verdict.verdict)).length
  const count = { run: run.id, passed, cases: run.cases.length + run.pending.length }
  const other = named === undefined ? undefined : difference(own, run)
  if (other !== undefined)
    return { valid: false, parity: { ...count, reason: `the run ${run.id} is of another ${other}` } }
  if (count.cases === 0 || passed < count.cases) {
    const missing = run.cases.find(({ verdict }) => verdict === undefined || !GOOD.has(verdict.verdict))
    const why = missing === undefined ? 'it was cut off' : `${missing.id}: ${missing.verdict?.reason ?? 'not judged'}`
    return { valid: false, parity: { ...count, reason: `${passed} of ${count.cases} pictures passed; ${why}` } }
  }
  return { valid: true, parity: { ...count, reason: `all ${passed} pictures passed` } }
}

const GOOD = new Set(['pass', 'drift', 'waived'])

function difference(own: Run, run: Run): string | undefined {
  if (run.backend !== own.backend || run.version !== own.version) return 'backend or version'
  if (run.commit !== own.commit) return 'commit'
  return run.environment.class === own.environment.class ? undefined : 'environment class'
}
