/** Goldens brought up to date by the run that was just judged. */
import { UsageError } from '../../errors.js'
import type { CaseVerdict, Run } from '../run-schema.js'
import { type Approval, type Approved, approve } from './approve.js'

/** `missing`: only what has no golden; `changed`: also what left its golden; `all`: also what passed without being equal. */
export const UPDATE_MODES = ['none', 'missing', 'changed', 'all'] as const

export type UpdateMode = (typeof UPDATE_MODES)[number]

const UPDATED: Record<UpdateMode, readonly CaseVerdict['verdict'][]> = {
  none: [],
  missing: ['no-golden'],
  changed: ['no-golden', 'drift', 'fail'],
  all: ['no-golden', 'drift', 'fail', 'pass'],
}

interface UpdateAllowed {
  mode: UpdateMode
  reason: string | undefined
  /** Whether a CI runs this. */
  ci: boolean
  /** Although a CI runs it. */
  force: boolean
}

/** Asked before anything is drawn. @throws UsageError where goldens may not be updated */
export function assertUpdatable({ mode, reason, ci, force }: UpdateAllowed): void {
  if (mode === 'none') return
  if (ci && !force) {
    throw new UsageError(`--update ${mode} is refused in a CI: a gate that approves itself cannot fail`, {
      hint: 'approve the stored run from a person’s machine, or give --force-update',
    })
  }
  if (reason === undefined || reason.trim() === '') {
    throw new UsageError(`--update ${mode} needs a reason`, { hint: 'say with --reason why these pictures are right' })
  }
}

/** Most CIs set CI to true; whoever sets it to false or 0 says that this is none. */
export function isCi({ CI }: NodeJS.ProcessEnv): boolean {
  return CI !== undefined && !['', '0', 'false'].includes(CI.toLowerCase())
}

/** Approves what `mode` covers of a checked run. @returns nothing where that is nothing */
export async function updateGoldens(
  run: Run,
  mode: UpdateMode,
  approval: Omit<Approval, 'cases' | 'verdicts'>,
): Promise<Approved[]> {
  const wanted = UPDATED[mode]
  const cases = run.cases.filter(({ state, verdict }) => state === 'ok' && verdict && wanted.includes(verdict.verdict))
  return cases.length === 0 ? [] : approve({ ...approval, cases: cases.map(({ id }) => id) })
}
