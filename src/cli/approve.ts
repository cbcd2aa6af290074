import { ExitCode, UsageError } from '../errors.js'
import { type Approved, approve as approveRun } from '../harness/golden/approve.js'
import { VERDICTS } from '../harness/run-schema.js'
import { APPROVAL_ARGS, approvalGuards, approver } from './approval-args.js'
import { command } from './command.js'
import { GOLDENS, globs } from './places.js'

export const approve = command({
  name: 'approve',
  description: 'Make stored pictures of a run the goldens of its environment class; nothing is drawn again',
  args: {
    run: { type: 'positional', required: true, description: 'Folder of the run' },
    ...APPROVAL_ARGS,
    only: { type: 'string', valueHint: 'GLOBS', description: 'Cases to approve [default: all]' },
    verdict: {
      type: 'string',
      valueHint: 'VERDICTS',
      description: 'Only cases that were judged so, e.g. fail,no-golden',
    },
    feature: { type: 'string', valueHint: 'GLOBS', description: 'Only cases with one of these features' },
    group: { type: 'string', valueHint: 'FINGERPRINTS', description: 'Only cases that left their golden in this way' },
    variant: { type: 'boolean', description: 'Accept them beside what is approved, not in its place' },
    golden: { type: 'string', valueHint: 'DIR', description: 'Folder of the goldens [default: the shipped ones]' },
    json: { type: 'boolean', description: 'Print what was approved as JSON' },
  },
  examples: [
    [
      'horde-onnx approve runs/mine --reason "ddim follows ComfyUI now" --only "sampler-ddim*"',
      'accepts what a change made of some cases',
    ],
    ['horde-onnx approve runs/mine --reason "new fixtures" --verdict no-golden', 'accepts what has no golden yet'],
    ['horde-onnx approve runs/mine --reason "both are right" --only hires --variant', 'a second picture that passes'],
  ],
  async run({ args }) {
    const goldens = args.golden ?? GOLDENS
    const approved = await approveRun({
      run: args.run,
      goldens,
      cases: globs(args.only),
      verdicts: verdicts(args.verdict),
      features: globs(args.feature),
      groups: globs(args.group),
      variant: args.variant === true,
      reason: args.reason ?? '',
      who: approver(args),
      ...approvalGuards(args),
    })
    if (args.json) process.stdout.write(`${JSON.stringify({ goldens, approved }, undefined, 2)}\n`)
    else process.stdout.write(`${approvedText(approved)} in ${goldens}\n`)
    return ExitCode.ok
  },
})

function verdicts(text: string | undefined): string[] {
  const asked = globs(text)
  const wrong = asked.find(verdict => !VERDICTS.some(known => known === verdict))
  if (wrong !== undefined)
    throw new UsageError(`--verdict must be of ${VERDICTS.join(', ')}, got "${wrong}"`, {
      hint: 'check gives verdicts',
    })
  return asked
}

/** A line for each case, and their number by what was done. */
export function approvedText(approved: readonly Approved[]): string {
  const lines = approved.map(({ case: id, action, variant }) => `${id}${variant === 1 ? '' : `@${variant}`} ${action}`)
  const counts = (['added', 'replaced', 'unchanged'] as const).flatMap(action => {
    const count = approved.filter(each => each.action === action).length
    return count === 0 ? [] : [`${count} ${action}`]
  })
  return `${lines.join('\n')}\n${counts.join(', ')}`
}
