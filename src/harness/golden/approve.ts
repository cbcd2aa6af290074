/** Promotes stored pictures to goldens. Nothing is drawn, and nothing is promoted whose origin is in doubt. */
import { readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { FixtureError, RunError, UsageError } from '../../errors.js'
import { canonicalJson, readableJson } from '../canonical.js'
import { faultedAsExpected } from '../expectation.js'
import { globMatcher } from '../glob.js'
import { GOLDEN_SCHEMA, type Golden } from '../golden-schema.js'
import { filesOf, type GoldenSet, openGoldens, readGolden, type Variant, variantName } from '../goldens.js'
import { writeWhole } from '../output.js'
import type { CaseResult, Run } from '../run-schema.js'
import { readRun } from '../run-store.js'
import { type Tool, tool } from '../tool.js'

/** Which cases of a run; all that are given must match. */
export interface CaseFilter {
  /** Globs of ids. @default all */
  cases?: readonly string[]
  /** Verdicts that `check` gave, e.g. `fail`, `no-golden`. @default any */
  verdicts?: readonly string[]
  /** Globs of features. @default any */
  features?: readonly string[]
  /** Fingerprints of differences: everything that one cause changed. @default any */
  groups?: readonly string[]
}

/** What is refused unless it is allowed. */
export interface ApprovalGuards {
  /** Another commit or version than the one that approves drew the run. @default false */
  allowOtherCommit?: boolean
  /** Files differed from the commit when the run was drawn: nobody can say by what. @default false */
  allowDirty?: boolean
  /** The set has goldens, but none of the run's environment class. @default false */
  allowNewClass?: boolean
}

export interface Approval extends CaseFilter, ApprovalGuards {
  /** Folder of the run whose pictures are promoted, as they are: nothing is drawn again. */
  run: string
  goldens: string
  /** Accept these pictures beside the ones that are approved, instead of in their place. @default false */
  variant?: boolean
  /** Why these pictures are right, for whoever asks later. */
  reason: string
  who: string
  /** The build that approves. @default this one */
  build?: Tool
}

export interface Approved {
  case: string
  /** `unchanged`: exactly this is approved already, and keeps its provenance. */
  action: 'added' | 'replaced' | 'unchanged'
  variant: number
}

/**
 * Promotes pictures of a run to goldens of the run's environment class. Cases that are meant to end in a fault have none.
 *
 * @throws UsageError where there is no reason; FixtureError where no case matches; RunError where the run is damaged, where
 *   its origin is refused, or where a case drew nothing; OutputError
 */
export async function approve(approval: Approval): Promise<Approved[]> {
  const { run: from, goldens } = approval
  if (approval.reason.trim() === '') {
    throw new UsageError('an approval needs a reason', { hint: 'say with --reason why these pictures are right' })
  }
  const run = await readRun(from)
  const set = await openGoldens(goldens)
  refuseOrigin(run, { set, guards: approval, build: approval.build ?? (await tool()) })
  const selected = selectCases(run, from, approval)
  const approved: Approved[] = []
  for (const result of selected) approved.push(await promote(run, result, { ...approval, set }))
  return approved
}

/** @throws RunError */
function refuseOrigin(run: Run, { set, guards, build }: { set: GoldenSet; guards: ApprovalGuards; build: Tool }): void {
  const clean = (commit: string | undefined) => commit?.replace(/-dirty$/u, '')
  const short = (commit: string | undefined) => commit?.slice(0, 12) ?? 'no commit'
  const [theirs, ours] = [clean(run.commit), clean(build.commit)]
  if (!guards.allowOtherCommit && (theirs !== ours || run.version !== build.version)) {
    throw new RunError(
      `the run was drawn by ${run.backend} ${run.version} (${short(theirs)}), this is horde-onnx ${build.version} (${short(ours)})`,
      { hint: 'replay again, or give --allow-other-commit if the pictures are right all the same' },
    )
  }
  if (!guards.allowDirty && run.commit?.endsWith('-dirty')) {
    throw new RunError(`the run was drawn with changes that are not in commit ${short(theirs)}`, {
      hint: 'commit and replay again, or give --allow-dirty: the goldens will not say what drew them',
    })
  }
  const classes = [...new Set(set.entries.map(entry => entry.class))]
  if (!guards.allowNewClass && classes.length > 0 && !classes.includes(run.environment.class)) {
    throw new RunError(
      `the run was drawn on ${run.environment.class}, and ${set.folder} has goldens of ${classes.join(', ')} only`,
      { hint: 'give --allow-new-class to start goldens for this kind of machine' },
    )
  }
}

/** Cases of a run that a filter selects and that can be approved. @throws FixtureError, RunError */
function selectCases(run: Run, from: string, filter: CaseFilter): CaseResult[] {
  const { cases = [], verdicts = [], features = [], groups = [] } = filter
  const byId = cases.length === 0 ? () => true : globMatcher(cases)
  const byFeature = features.length === 0 ? undefined : globMatcher(features)
  const selected = run.cases.filter(
    ({ id, verdict, fixture }) =>
      byId(id) &&
      (verdicts.length === 0 || (verdict !== undefined && verdicts.includes(verdict.verdict))) &&
      (byFeature === undefined || fixture.features.some(byFeature)) &&
      (groups.length === 0 || groups.includes(verdict?.difference?.fingerprint ?? '')),
  )
  if (selected.length === 0) {
    const asked = [
      cases.length > 0 && `called ${cases.join(' or ')}`,
      verdicts.length > 0 && `with the verdict ${verdicts.join(' or ')}`,
      byFeature !== undefined && `of the feature ${features.join(' or ')}`,
      groups.length > 0 && `of the group ${groups.join(' or ')}`,
    ].filter(part => part !== false)
    const known = run.cases.slice(0, 5).map(({ id, verdict }) => (verdict ? `${id} (${verdict.verdict})` : id))
    throw new FixtureError(`the run ${from} has no case ${asked.join(' and ')}`.trimEnd(), {
      hint: `it has ${run.cases.length}, e.g. ${known.join(', ')}`,
    })
  }
  const drawn = selected.filter(result => !faultedAsExpected(result))
  if (drawn.length === 0) {
    throw new RunError(
      `${selected.map(({ id }) => id).join(', ')} ended in the fault that is expected: there is nothing to approve`,
    )
  }
  const faulted = drawn.filter(({ state, images }) => state !== 'ok' || images.length === 0)
  if (faulted.length > 0) {
    throw new RunError(`${faulted.map(({ id }) => id).join(', ')} drew nothing that could be approved`, {
      hint: 'approve the others by name with --only, or mend these first',
    })
  }
  return drawn
}

interface Promotion extends Approval {
  set: GoldenSet
}

async function promote(run: Run, result: CaseResult, promotion: Promotion): Promise<Approved> {
  const { set, run: from, variant: beside = false } = promotion
  const entries = set.entries.filter(entry => entry.class === run.environment.class && entry.case === result.id)
  const present: Variant[] = await Promise.all(
    entries.map(async ({ file, variant }) => ({ variant, golden: await readGolden(join(set.folder, file)) })),
  )
  const same = present.find(({ golden }) => isApproved(result, golden))
  if (same !== undefined && (beside || present.length === 1)) {
    return { case: result.id, action: 'unchanged', variant: same.variant }
  }
  const variant = beside && present.length > 0 ? Math.max(...present.map(each => each.variant)) + 1 : 1
  const golden = goldenOf(run, result, { ...promotion, variant })
  const folder = join(set.folder, run.environment.class)
  const sources = filesOf(result)
  for (const [index, file] of filesOf(golden).entries()) {
    await writeWhole(join(folder, file), await readFile(join(from, sources[index] ?? '')))
  }
  await writeWhole(join(folder, `${variantName(result.id, variant)}.json`), `${readableJson(golden)}\n`)
  if (!beside) await removeFormer(folder, present, golden)
  return { case: result.id, action: beside || present.length === 0 ? 'added' : 'replaced', variant }
}

/** Whether exactly this is what was approved. */
function isApproved(result: CaseResult, golden: Golden): boolean {
  const { version, payloadSha256 } = result.fixture
  const outcome = ({ images, planSha256, fingerprints, tensors }: CaseResult | Golden) =>
    canonicalJson([images.map(({ sha256 }) => sha256), planSha256, fingerprints, tensors?.sha256])
  return (
    golden.fixtureVersion === version && golden.payloadSha256 === payloadSha256 && outcome(result) === outcome(golden)
  )
}

function goldenOf(
  run: Run,
  result: CaseResult,
  { variant, who, reason }: Pick<Approval, 'who' | 'reason'> & { variant: number },
): Golden {
  const name = variantName(result.id, variant)
  const stored = <T extends { file: string }>(part: T): T => ({
    ...part,
    file: storedName(part.file, { id: result.id, name }),
  })
  return {
    schema: GOLDEN_SCHEMA,
    case: result.id,
    fixtureVersion: result.fixture.version,
    payloadSha256: result.fixture.payloadSha256,
    output: result.fixture.output,
    environment: run.environment,
    images: result.images.map(stored),
    plan: result.plan,
    ...(result.planSha256 === undefined ? {} : { planSha256: result.planSha256 }),
    fingerprints: result.fingerprints,
    ...(result.tensors === undefined ? {} : { tensors: stored(result.tensors) }),
    approved: {
      by: who,
      reason: reason.trim(),
      at: new Date().toISOString(),
      run: run.id,
      ...(run.backend === 'horde-onnx' ? {} : { backend: run.backend }),
      version: run.version,
      ...(run.commit === undefined ? {} : { commit: run.commit }),
      models: run.models,
    },
  }
}

/** `images/hires.0.png` of a run lies beside the golden `hires@2` as `hires@2.0.png`. */
function storedName(file: string, { id, name }: { id: string; name: string }): string {
  const own = basename(file)
  return `${name}.${own.startsWith(`${id}.`) ? own.slice(id.length + 1) : own}`
}

/** The variants that a new golden takes the place of, with the files that they name and it does not. */
async function removeFormer(folder: string, former: readonly Variant[], golden: Golden): Promise<void> {
  const kept = new Set(filesOf(golden))
  for (const { golden: old, variant } of former) {
    for (const file of filesOf(old)) if (!kept.has(file)) await rm(join(folder, basename(file)), { force: true })
    if (variant !== 1) await rm(join(folder, `${variantName(old.case, variant)}.json`), { force: true })
  }
}
