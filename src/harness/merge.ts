/** Shards of one run put together: one folder, one page, one decision. */
import { cp, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { RunError, UsageError } from '../errors.js'
import { comparisonOf, goldenSide, runSide } from './compare/comparison.js'
import { coverageOf } from './coverage/coverage.js'
import { filesOf } from './goldens.js'
import { groupBy } from './group-by.js'
import { assertInside } from './inside.js'
import { outputError } from './output.js'
import type { CaseResult, Run, RunWaiver } from './run-schema.js'
import { readRun, writeRun } from './run-store.js'

export interface MergeOptions {
  /** Folders of runs. */
  runs: readonly string[]
  /** Folder of the merged run; is made. */
  out: string
  /** Runs of several environment classes: each case keeps the verdict of its own. @default false */
  allowMixedClasses?: boolean
  /** Runs of several builds. @default false */
  allowMixedCommits?: boolean
  /** A shard is not there: the merged run is then not complete, and never green. @default false */
  allowMissingShards?: boolean
}

interface Part {
  folder: string
  run: Run
}

/**
 * Puts runs together. Nothing is judged again.
 *
 * @throws RunError where they do not belong together, or a case is in two of them with different results; OutputError
 */
export async function mergeRuns(options: MergeOptions): Promise<Run> {
  if (options.runs.length === 0) throw new UsageError('there is nothing to merge', { hint: 'name the folders of runs' })
  const parts = await Promise.all(options.runs.map(async folder => ({ folder, run: await readRun(folder) })))
  const [first, ...rest] = parts
  if (first === undefined) throw new UsageError('there is nothing to merge')
  for (const other of rest) assertAlike(first, other, options)
  const whole = assertShards(parts, options.allowMissingShards === true)
  const cases = mergeCases(parts)
  await copyFiles(cases, options.out)
  const merged = mergedRun(parts, { cases: cases.map(({ result }) => result), whole })
  await writeRun(options.out, merged)
  return merged
}

/** @throws RunError */
function assertAlike(first: Part, other: Part, { allowMixedClasses, allowMixedCommits }: MergeOptions): void {
  const differ = (what: string, a: string, b: string, hint: string) => {
    if (a === b) return
    throw new RunError(`${first.folder} and ${other.folder} are of different ${what}: ${a} and ${b}`, { hint })
  }
  const build = ({ version, commit = 'no commit' }: Run) => `${version} (${commit})`
  differ('backends', first.run.backend, other.run.backend, 'compare runs of several backends instead')
  if (!allowMixedCommits) {
    differ('builds', build(first.run), build(other.run), 'replay with one build, or give --allow-mixed-commits')
  }
  if (!allowMixedClasses) {
    const [a, b] = [first.run.environment.class, other.run.environment.class]
    differ('environment classes', a, b, 'replay on one kind of machine, or give --allow-mixed-classes')
  }
  for (const { name, sha256 } of other.run.models) {
    const own = first.run.models.find(model => model.name === name)
    if (own !== undefined) {
      const hint = `use one file for ${name} everywhere`
      differ(`files of the model ${name}`, own.sha256.slice(0, 12), sha256.slice(0, 12), hint)
    }
  }
}

/** Whether the parts are all of what was selected. @throws RunError where shards contradict each other or one is missing */
function assertShards(parts: readonly Part[], allowMissing: boolean): boolean {
  const shards = parts.flatMap(({ run, folder }) => (run.selection?.shard ? [{ ...run.selection.shard, folder }] : []))
  const [first] = shards
  if (first === undefined) return true
  const other = shards.find(({ count }) => count !== first.count)
  if (other !== undefined) {
    throw new RunError(`${first.folder} is one of ${first.count} shards, ${other.folder} one of ${other.count}`, {
      hint: 'merge the shards of one run',
    })
  }
  const present = new Set(shards.map(({ index }) => index))
  const missing = Array.from({ length: first.count }, (_, i) => i + 1).filter(index => !present.has(index))
  if (missing.length > 0 && !allowMissing) {
    throw new RunError(`shard ${missing.map(index => `${index}/${first.count}`).join(', ')} is missing`, {
      hint: 'add it, or give --allow-missing-shards: the merged run is then not complete',
    })
  }
  return missing.length === 0
}

interface Placed {
  result: CaseResult
  folder: string
}

/** Every case once, by id. @throws RunError where two runs have a case and do not agree on it */
function mergeCases(parts: readonly Part[]): Placed[] {
  const all = parts.flatMap(({ folder, run }) => run.cases.map(result => ({ folder, result })))
  const merged = [...groupBy(all, ({ result }) => result.id).values()].map(([first, ...others]) => {
    const outcome = ({ state, fixture, images }: CaseResult) =>
      [state, fixture.payloadSha256, ...images.map(({ sha256 }) => sha256)].join()
    const other = others.find(({ result }) => first !== undefined && outcome(result) !== outcome(first.result))
    if (first !== undefined && other !== undefined) {
      throw new RunError(`${first.folder} and ${other.folder} both have ${first.result.id}, with different results`, {
        hint: 'leave one of them out',
      })
    }
    return first
  })
  return merged.filter(placed => placed !== undefined).sort((a, b) => (a.result.id < b.result.id ? -1 : 1))
}

async function copyFiles(cases: readonly Placed[], out: string): Promise<void> {
  try {
    await mkdir(out, { recursive: true })
    if ((await readdir(out)).length > 0)
      throw new UsageError(`${out} is not empty`, { hint: 'merge into a new folder' })
    for (const { result, folder } of cases) {
      for (const file of [...filesOf(result), ...(result.verdict?.golden?.images ?? []).map(({ file }) => file)]) {
        assertInside(folder, file)
        await cp(join(folder, file), join(out, file))
      }
    }
  } catch (cause) {
    if (cause instanceof UsageError || cause instanceof RunError) throw cause
    throw outputError(out, cause)
  }
}

function mergedRun(parts: readonly Part[], { cases, whole }: { cases: CaseResult[]; whole: boolean }): Run {
  const runs = parts.map(({ run }) => run)
  const [first] = runs
  if (first === undefined) throw new UsageError('there is nothing to merge')
  const done = new Set(cases.map(({ id }) => id))
  const pending = [...new Set(runs.flatMap(run => run.pending))].filter(id => !done.has(id))
  const models = [
    ...groupBy(
      runs.flatMap(run => run.models),
      ({ name }) => name,
    ).values(),
  ].flatMap(([model]) => model ?? [])
  const waivers = mergeWaivers(runs)
  const stages = runs.flatMap(({ stages = [], selection }, index) =>
    stages.map(stage => ({ ...stage, name: `${stage.name} ${selection?.shard?.index ?? index + 1}/${runs.length}` })),
  )
  const judged = cases.some(({ verdict }) => verdict !== undefined)
  const devices = [...new Set(runs.map(run => run.environment.device))]
  // What `kudos` made of one shard says nothing of all of them; it can be asked of the merged run.
  const {
    selection,
    coverage,
    waivers: _w,
    stages: _s,
    comparison: _c,
    kudos: _k,
    stress: _st,
    population: _p,
    selfProof: _f,
    ...start
  } = first
  const speed = runs.find(run => run.speed !== undefined)?.speed
  // Every shard was stressed by schedules of its own; one in which a job differed is told before those in which none did.
  const stresses = runs.flatMap(({ stress }) => stress ?? [])
  const stress = stresses.find(({ verdict }) => verdict === 'fail') ?? stresses[0]
  const merged: Run = {
    ...start,
    id: `${first.id}-merged`,
    command: 'report merge',
    complete: whole && pending.length === 0 && runs.every(({ complete }) => complete),
    // A machine of its own: bit equality is not claimed of several.
    environment: { ...first.environment, device: devices.join(', ') },
    models,
    // They ran beside each other.
    wallMs: Math.max(...runs.map(run => run.wallMs)),
    cases,
    pending,
    ...(selection === undefined ? {} : { selection: { only: selection.only, of: selection.of } }),
    ...(waivers.length === 0 ? {} : { waivers }),
    ...(stages.length === 0 ? {} : { stages }),
    ...(speed && { speed }),
    ...(stress && { stress }),
    ...mergeProofs(runs),
    ...(coverage && {
      coverage: coverageOf(
        cases,
        coverage.unselected.filter(({ id }) => !done.has(id)),
      ),
    }),
  }
  return judged
    ? { ...merged, comparison: comparisonOf(goldenSide({ cases }), [{ side: runSide(merged), cases }]) }
    : merged
}

/** What the shards were proved by, all of it; the population of each is its own, and the worst is told. */
function mergeProofs(runs: readonly Run[]): Pick<Run, 'population' | 'selfProof'> {
  const worst = <T extends { verdict: string }>(all: readonly T[]) =>
    ['error', 'fail', 'drift', 'pass', 'unmeasured'].flatMap(
      verdict => all.find(each => each.verdict === verdict) ?? [],
    )[0]
  const population = worst(runs.flatMap(run => run.population ?? []))
  const proofs = runs.flatMap(run => run.selfProof ?? [])
  const selfProof = worst(proofs)
  return {
    ...(population && { population }),
    ...(selfProof && { selfProof: { ...selfProof, trials: proofs.flatMap(({ trials }) => trials) } }),
  }
}

/** A waiver that several shards know: expired in one is expired, used in one is used. */
function mergeWaivers(runs: readonly Run[]): RunWaiver[] {
  const order = ['expired', 'used', 'unused'] as const
  const all = runs.flatMap(({ waivers = [] }) => waivers)
  return [...groupBy(all, ({ state: _, ...waiver }) => JSON.stringify(waiver)).values()].flatMap(
    same => same.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state))[0] ?? [],
  )
}
