/** Plans every fixture and compares it with the approved plans: regressions of plans are told before anything is drawn. */
import { join } from 'node:path'
import type { Engine } from '../../engine/types.js'
import { ExitCode } from '../../errors.js'
import { canonicalJson, sha256Hex } from '../canonical.js'
import type { Fixture } from '../fixture/fixture.js'
import { planGate } from '../gates/plan.js'
import { type Waiver, waive } from '../golden/waivers.js'
import { type GoldenSet, readGolden } from '../goldens.js'

export interface PlannedCase {
  id: string
  verdict: 'pass' | 'fail' | 'error' | 'no-golden' | 'waived'
  reason: string
}

interface Approved {
  set: GoldenSet
  waivers: readonly Waiver[]
  /** ISO date. */
  today: string
}

/** One after the other: what counts is how soon the first regression is known, and a plan takes milliseconds. */
export async function planFixtures(
  engine: Engine,
  fixtures: readonly Fixture[],
  approved: Approved,
): Promise<PlannedCase[]> {
  const cases: PlannedCase[] = []
  for (const fixture of fixtures) cases.push({ id: fixture.id, ...(await planFixture(engine, fixture, approved)) })
  return cases
}

async function planFixture(
  engine: Engine,
  { id, payload, version, payloadSha256, expect }: Fixture,
  { set: { folder, entries }, waivers, today }: Approved,
): Promise<Omit<PlannedCase, 'id'>> {
  const { plan, faults } = await engine.plan(payload, { id })
  const [fault] = faults
  const expected = expect !== undefined && 'fault' in expect ? expect.fault : undefined
  if (fault !== undefined) {
    if (fault.code === expected) return { verdict: 'pass', reason: `the fault that is expected, ${fault.code}` }
    return { verdict: 'error', reason: `${fault.code}: ${fault.message}` }
  }
  // A fault that only drawing brings is not missed yet.
  if (expected !== undefined) return { verdict: 'pass', reason: `${expected} is expected of drawing it` }
  const own = entries.filter(entry => entry.case === id)
  const goldens = await Promise.all(own.map(({ file }) => readGolden(join(folder, file))))
  const current = goldens.filter(golden => golden.fixtureVersion === version && golden.payloadSha256 === payloadSha256)
  if (current.length === 0) return { verdict: 'no-golden', reason: 'no plan is approved for it' }
  // Plans do not depend on the machine: any accepted one of any class will do.
  const planned = plan === undefined ? {} : { plan, planSha256: sha256Hex(canonicalJson(plan)) }
  const gates = current.map(golden => planGate(planned, golden))
  const gate = gates.find(({ verdict }) => verdict === 'pass') ?? gates[0]
  if (gate === undefined || gate.verdict === 'pass') return { verdict: 'pass', reason: gate?.reason ?? '' }
  const { verdict, reason } = waive(
    { verdict: 'fail', gate: 'plan', reason: gate.reason, gates: [gate] },
    { id, waivers, today },
  )
  return { verdict: verdict === 'waived' ? 'waived' : 'fail', reason }
}

/** As the exit codes of a checked run. */
export function planExitCode(cases: readonly PlannedCase[]): ExitCode {
  const verdicts = new Set(cases.map(({ verdict }) => verdict))
  if (verdicts.has('fail')) return ExitCode.regression
  if (verdicts.has('error')) return ExitCode.engine
  return verdicts.has('no-golden') || verdicts.size === 0 ? ExitCode.noGolden : ExitCode.ok
}
