/** Compares runs with a reference, another run or goldens. Nothing is drawn, and nothing that is compared is written to. */
import { cp, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ExitCode, RunError, UsageError } from '../../errors.js'
import { readableJson } from '../canonical.js'
import { exitCodeOf, judgeCases } from '../check.js'
import { DEFAULT_LIMITS, type Limits } from '../gates/limits.js'
import { filesOf, goldenReference, openGoldens, type Reference, readGolden } from '../goldens.js'
import { assertInside } from '../inside.js'
import { type OpenedRun, openRun } from '../kit/archive.js'
import { outputError, writeWhole } from '../output.js'
import type { CaseResult, Run } from '../run-schema.js'
import { readRun, writeRun } from '../run-store.js'
import { type Candidate, comparisonOf, goldenSide, runSide } from './comparison.js'
import { runReference } from './run-reference.js'
import type { Comparison } from './schema.js'

export interface CompareOptions {
  /** Folder of a run, its zip, or a folder of goldens. */
  reference: string
  /** Folders or zips of runs. */
  candidates: readonly string[]
  /** Is made; holds `comparison.json` and, for each candidate, a run whose goldens are the reference's pictures. */
  out: string
  /** Judge the cases that both have; those that only one has are listed and do not count. @default false */
  common?: boolean
  /** @default false */
  strictDrift?: boolean
  /** @default DEFAULT_LIMITS */
  limits?: Limits
}

interface ComparedSide extends Candidate {
  run: Run
  folder: string
  cases: CaseResult[]
}

export interface Compared {
  comparison: Comparison
  /** One for each candidate, with its folder. */
  runs: { folder: string; run: Run }[]
  exitCode: ExitCode
}

/**
 * Judges the cases of each candidate by the reference's.
 *
 * @throws RunError where a run is damaged, or has no case in common with the reference; OutputError
 */
export async function compareRuns(options: CompareOptions): Promise<Compared> {
  if (options.candidates.length === 0) {
    throw new UsageError('there is nothing to compare with the reference', { hint: 'name one run more' })
  }
  const opened: OpenedRun[] = []
  try {
    for (const path of [options.reference, ...options.candidates]) opened.push(await openRun(path))
    return await compareOpened(opened, options)
  } finally {
    for (const each of opened) await each.close()
  }
}

async function compareOpened([from, ...candidates]: readonly OpenedRun[], options: CompareOptions): Promise<Compared> {
  const { out, common = false, strictDrift = false, limits = DEFAULT_LIMITS } = options
  const reference = await openReference(from?.folder ?? options.reference)
  await makeFolder(out)
  const names = columnNames(candidates)
  const sides: ComparedSide[] = []
  for (const [index, { folder: own }] of candidates.entries()) {
    const given = options.candidates[index] ?? own
    const folder = candidates.length === 1 ? out : join(out, names[index] ?? String(index))
    const run = asDrawn(await readRun(own))
    const shared = run.cases.filter(({ id }) => reference.has(id))
    if (shared.length === 0) throw nothingShared(run, given, options.reference, reference)
    await copyRun(run, own, folder)
    const judged = await judgeCases({ run, folder, reference: reference.source, limits, waivers: [], today: '' })
    const cases = judged.map(each => withReason(each, reference))
    const missing = reference.run?.cases.filter(({ id }) => !run.cases.some(each => each.id === id)) ?? []
    sides.push({
      run,
      folder,
      cases,
      side: runSide(run, sideName(run, names[index] ?? '')),
      missing: missing.map(({ id, fixture }) => ({ id, features: fixture.features })),
    })
  }
  const referenceSide = reference.run === undefined ? goldenSide(sides[0] ?? { cases: [] }) : runSide(reference.run)
  const comparison = comparisonOf(referenceSide, sides)
  await writeWhole(join(out, 'comparison.json'), `${readableJson(comparison)}\n`)
  const runs = []
  for (const { folder, run, cases } of sides) {
    const judged = { ...run, command: 'compare', cases, comparison }
    await writeRun(folder, judged)
    runs.push({ folder, run: judged })
  }
  return { comparison, runs, exitCode: exitOf(sides, { common, strictDrift }) }
}

/** A run without what was said of it when it was compared with something else. */
function asDrawn(run: Run): Run {
  const { waivers: _w, stages: _s, population: _p, selfProof: _f, comparison: _c, ...drawn } = run
  return drawn
}

interface OpenReference {
  source: Reference
  has(id: string): boolean
  /** Absent where the reference are goldens. */
  run?: Run
}

/** @throws RunError where the folder holds neither a run nor goldens */
async function openReference(folder: string): Promise<OpenReference> {
  const names = await readdir(folder).catch((): string[] => [])
  if (!names.includes('run.json')) {
    const set = await openGoldens(folder)
    const [first] = set.entries
    // A folder of runs looks like a folder of classes until one looks inside.
    if (first !== undefined && (await readGolden(join(folder, first.file)).catch(() => undefined)) !== undefined) {
      const ids = new Set(set.entries.map(entry => entry.case))
      return { source: goldenReference(set), has: id => ids.has(id) }
    }
  }
  const run = await readRun(folder)
  const ids = new Set(run.cases.map(({ id }) => id))
  return { source: runReference(run, folder), has: id => ids.has(id), run }
}

function nothingShared(run: Run, from: string, other: string, { run: reference }: OpenReference): RunError {
  const some = (cases: readonly CaseResult[]) =>
    cases
      .slice(0, 3)
      .map(({ id }) => id)
      .join(', ') || 'no case'
  const theirs = reference === undefined ? 'goldens of other cases' : some(reference.cases)
  return new RunError(`${from} and ${other} have no case in common: ${some(run.cases)} here, ${theirs} there`, {
    hint: 'compare runs of the same fixtures',
  })
}

/** A case without a counterpart says why in words of a comparison. */
function withReason(result: CaseResult, { run }: OpenReference): CaseResult {
  if (run === undefined || result.verdict?.verdict !== 'no-golden') return result
  const other = run.cases.find(({ id }) => id === result.id)
  const reason =
    other === undefined
      ? 'the reference does not have it'
      : other.state !== 'ok'
        ? `the reference drew nothing: ${other.faults[0]?.message ?? other.state}`
        : other.fixture.version !== result.fixture.version
          ? `version ${other.fixture.version} of the fixture was drawn there, ${result.fixture.version} here`
          : 'another payload was drawn there under this name'
  return { ...result, verdict: { ...result.verdict, reason } }
}

async function makeFolder(out: string): Promise<void> {
  try {
    await mkdir(out, { recursive: true })
    const present = await readdir(out)
    if (present.length === 0) return
  } catch (cause) {
    throw outputError(out, cause)
  }
  throw new UsageError(`${out} is not empty`, { hint: 'give every comparison a folder of its own' })
}

/** The files that a run names, without what it was compared with before. */
async function copyRun(run: Run, from: string, to: string): Promise<void> {
  for (const file of run.cases.flatMap(filesOf)) {
    assertInside(from, file)
    await cp(join(from, file), join(to, file), { recursive: true }).catch((cause: unknown) => {
      throw outputError(join(to, file), cause)
    })
  }
}

/** Names of the folders, told apart by numbers where they are equal. */
function columnNames(opened: readonly OpenedRun[]): string[] {
  const names = opened.map(({ name }) => name)
  return names.map((name, index) => (names.indexOf(name) === index ? name : `${name}-${index + 1}`))
}

function sideName({ backend, version }: Run, folder: string): string {
  return `${folder} (${backend} ${version})`
}

/** The most serious of the candidates; what could not be compared is never green unless it was said not to count. */
function exitOf(
  sides: readonly ComparedSide[],
  { common, strictDrift }: { common: boolean; strictDrift: boolean },
): ExitCode {
  const codes = sides.map(({ run, cases, missing = [] }) => {
    const counted = common ? cases.filter(({ verdict }) => verdict?.verdict !== 'no-golden') : cases
    const code = exitCodeOf({ ...run, cases: counted }, { strictDrift })
    return code === ExitCode.ok && !common && missing.length > 0 ? ExitCode.noGolden : code
  })
  return SERIOUS.find(code => codes.includes(code)) ?? ExitCode.ok
}

/** Most serious first, as docs/exit-codes.md has them. */
const SERIOUS = [ExitCode.regression, ExitCode.engine, ExitCode.interrupted, ExitCode.noGolden, ExitCode.drift] as const
