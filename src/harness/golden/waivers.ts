/** Failures that somebody answers for, until a day. `waivers.yaml` in the folder of the goldens lists them. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { globMatcher } from '../glob.js'
import type { CaseVerdict, Run, RunWaiver } from '../run-schema.js'
import { parseYaml } from '../yaml-file.js'

const WAIVERS_FILE = 'waivers.yaml'

export const waiversSchema = z.strictObject({
  version: z.literal(1),
  waivers: z.array(
    z.strictObject({
      /** Glob of case ids. */
      case: z.string().min(1),
      /** Glob of gates, e.g. `pixels`. A case is waived where all of its gates that did not pass are. */
      gate: z.string().min(1),
      /** Who answers for it. */
      owner: z.string().min(1),
      reason: z.string().min(1),
      /** Last day on which it counts, in UTC. */
      expires: z.iso.date(),
    }),
  ),
})

export type Waiver = z.infer<typeof waiversSchema>['waivers'][number]

/** No file, no waivers. @throws FixtureError that names file, line and field */
export async function readWaivers(goldens: string): Promise<Waiver[]> {
  const file = join(goldens, WAIVERS_FILE)
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return []
  const hint = 'docs/replay.md#waivers shows one'
  return parseYaml({ file, text, schema: waiversSchema, what: 'a waiver', hint }).waivers
}

interface Waiving {
  id: string
  waivers: readonly Waiver[]
  /** ISO date. */
  today: string
}

/** A verdict under the waivers: it stays visible as `waived`, with what was wrong; an expired waiver is named and waives nothing. */
export function waive(verdict: CaseVerdict, { id, waivers, today }: Waiving): CaseVerdict {
  const open = verdict.gates.filter(({ verdict }) => verdict === 'drift' || verdict === 'fail' || verdict === 'error')
  const own = waivers.filter(waiver => globMatcher(waiver.case)(id))
  if (open.length === 0 || own.length === 0) return verdict
  const matching = open.map(({ gate }) => own.filter(waiver => globMatcher(waiver.gate)(gate)))
  const valid = matching.map(found => found.find(({ expires }) => expires >= today))
  const [first] = valid
  if (first !== undefined && valid.every(waiver => waiver !== undefined)) {
    const { owner, reason, expires } = first
    return {
      ...verdict,
      verdict: 'waived',
      reason: `waived by ${owner} until ${expires}: ${reason}; ${verdict.reason}`,
      waiver: { owner, reason, expires },
    }
  }
  const expired = matching.flat().find(({ expires }) => expires < today)
  if (expired === undefined) return verdict
  return { ...verdict, reason: `the waiver by ${expired.owner} expired on ${expired.expires}; ${verdict.reason}` }
}

/** Waivers that concern cases of a run, with what became of them. */
export function waiversOf({ cases }: Pick<Run, 'cases'>, waivers: readonly Waiver[], today: string): RunWaiver[] {
  return waivers.flatMap((waiver): RunWaiver[] => {
    const matches = globMatcher(waiver.case)
    const own = cases.filter(({ id }) => matches(id))
    if (own.length === 0) return []
    const byGate = globMatcher(waiver.gate)
    const used = own.some(
      ({ verdict }) =>
        verdict?.verdict === 'waived' && verdict.gates.some(each => each.verdict !== 'pass' && byGate(each.gate)),
    )
    return [{ ...waiver, state: waiver.expires < today ? 'expired' : used ? 'used' : 'unused' }]
  })
}
