/** Options of every command that approves. */
import { userInfo } from 'node:os'
import type { ApprovalGuards } from '../harness/golden/approve.js'

export const APPROVAL_ARGS = {
  reason: { type: 'string', description: 'Why these pictures are right, for whoever asks later' },
  who: { type: 'string', description: 'Who approves [default: the name of the user]' },
  'allow-other-commit': { type: 'boolean', description: 'Although another commit or version drew them' },
  'allow-dirty': { type: 'boolean', description: 'Although no commit holds the code that drew them' },
  'allow-new-class': { type: 'boolean', description: 'Although the goldens know no machine of this class' },
} as const

export interface ApprovalArgs {
  who?: string | undefined
  'allow-other-commit'?: boolean | undefined
  'allow-dirty'?: boolean | undefined
  'allow-new-class'?: boolean | undefined
}

export function approvalGuards(args: ApprovalArgs): Required<ApprovalGuards> {
  return {
    allowOtherCommit: args['allow-other-commit'] === true,
    allowDirty: args['allow-dirty'] === true,
    allowNewClass: args['allow-new-class'] === true,
  }
}

export function approver({ who }: ApprovalArgs): string {
  return who ?? userInfo().username
}
