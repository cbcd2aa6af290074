/** `--update`: goldens brought up to date by the run that was just judged. */
import { UsageError } from '../errors.js'
import type { Checked } from '../harness/check.js'
import { assertUpdatable, isCi, UPDATE_MODES, type UpdateMode, updateGoldens } from '../harness/golden/update.js'
import type { Run } from '../harness/run-schema.js'
import { APPROVAL_ARGS, type ApprovalArgs, approvalGuards, approver } from './approval-args.js'
import { approvedText } from './approve.js'

export const UPDATE_ARGS = {
  update: {
    type: 'string',
    valueHint: UPDATE_MODES.join('|'),
    description: 'Approve what has no golden (missing), also what left it (changed), or everything [default: none]',
  },
  'force-update': { type: 'boolean', description: 'Update goldens even in a CI' },
  ...APPROVAL_ARGS,
} as const

export interface UpdateArgs extends ApprovalArgs {
  update?: string | undefined
  reason?: string | undefined
  'force-update'?: boolean | undefined
}

/** @throws UsageError where there is no such mode, no reason, or where a CI runs this */
export function updateMode(args: UpdateArgs): UpdateMode {
  const mode = UPDATE_MODES.find(known => known === (args.update ?? 'none'))
  if (mode === undefined)
    throw new UsageError(`--update must be one of ${UPDATE_MODES.join(', ')}, got "${args.update}"`)
  assertUpdatable({ mode, reason: args.reason, ci: isCi(process.env), force: args['force-update'] === true })
  return mode
}

interface Updating {
  args: UpdateArgs
  update: UpdateMode
  run: Run
  folder: string
  goldens: string
  /** Judges the run again, by what was approved. */
  judge(): Promise<Checked>
}

/** Says on stderr what was approved. @returns undefined where nothing had to be */
export async function updated({ args, update, run, folder, goldens, judge }: Updating): Promise<Checked | undefined> {
  const approved = await updateGoldens(run, update, {
    run: folder,
    goldens,
    reason: args.reason ?? '',
    who: approver(args),
    ...approvalGuards(args),
  })
  if (approved.length === 0) return undefined
  process.stderr.write(`${approvedText(approved)} in ${goldens}\n`)
  return judge()
}
