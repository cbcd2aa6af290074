/** Judges a run by the goldens. Nothing is drawn: a run can be judged again at any time. */
import { copyFile, mkdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { basename, join } from 'node:path'
import { ExitCode } from '../errors.js'
import { calibratedLimits } from './calibration/limits.js'
import { type Calibration, readCalibration } from './calibration/schema.js'
import { comparisonOf, goldenSide, runSide } from './compare/comparison.js'
import { differenceOf } from './compare/difference.js'
import { coverageOf } from './coverage/coverage.js'
import { sameAs } from './expectation.js'
import type { Twin } from './gates/contrast.js'
import { outdated } from './gates/judge.js'
import { DEFAULT_LIMITS, type Limits } from './gates/limits.js'
import { type Leaning, leanOf, populationGate } from './gates/population.js'
import { readWaivers, type Waiver, waive, waiversOf } from './golden/waivers.js'
import { goldenReference, openGoldens, type Reference } from './goldens.js'
import { inOrder } from './judging/in-order.js'
import { createJudges } from './judging/judges.js'
import { shapeOf } from './metrics/picture.js'
import { outputError } from './output.js'
import type { CaseResult, CaseVerdict, Run, RunImage } from './run-schema.js'
import { readPicture, readRun, writeRun } from './run-store.js'
import { type ProofSubject, proofSubjects, selfProof } from './self-proof.js'
import { readTensors } from './tensor-file.js'
import { withUploads } from './uploads.js'

export interface CheckOptions {
  /** @default DEFAULT_LIMITS */
  limits?: Limits
  /** Drift ends with an exit code of its own instead of 0. @default false */
  strictDrift?: boolean
  /** Decides which waivers have expired. @default now */
  now?: Date
}

export interface Checked {
  /** With a verdict in every case; written to the run's folder. */
  run: Run
  exitCode: ExitCode
}

/**
 * Writes a verdict into every case of a run, and copies the goldens it was compared with beside it, so that the run's folder
 * tells the whole story by itself.
 *
 * @throws RunError where the run or a golden is damaged; OutputError
 */
export async function checkRun(folder: string, goldens: string, options: CheckOptions = {}): Promise<Checked> {
  const { limits = DEFAULT_LIMITS, strictDrift = false } = options
  const run = await readRun(folder, { pictures: false })
  const waivers = await readWaivers(goldens)
  const today = (options.now ?? new Date()).toISOString().slice(0, 10)
  const set = await openGoldens(goldens)
  const subjects = proofSubjects()
  const leanings = new Map<string, Leaning[]>()
  const cases = await judgeCases({
    run,
    folder,
    reference: goldenReference(set),
    limits,
    waivers,
    today,
    noiseOf: remembered(environmentClass => readCalibration(goldens, environmentClass)),
    onJudged({ verdict, ...subject }) {
      subjects.offer(subject, verdict)
      leanings.set(subject.candidate.result.id, leaningsOf(subject))
    },
  })
  const concerned = waiversOf({ cases }, waivers, today)
  const { waivers: _former, coverage, ...rest } = run
  const checked = {
    ...rest,
    cases,
    ...(concerned.length === 0 ? {} : { waivers: concerned }),
    population: populationGate(cases.flatMap(({ id }) => leanings.get(id) ?? [])),
    selfProof: await selfProof(subjects.chosen(), limits),
    ...(coverage && { coverage: coverageOf(cases, coverage.unselected) }),
    comparison: comparisonOf(goldenSide({ cases }), [{ side: runSide(run), cases }]),
  }
  await writeRun(folder, checked)
  return { run: checked, exitCode: exitCodeOf(checked, { strictDrift }) }
}

/** The answers of a function, each asked for once. */
function remembered<T>(of: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const known = new Map<string, Promise<T>>()
  return key => {
    const answer = known.get(key) ?? of(key)
    known.set(key, answer)
    return answer
  }
}

interface Judging {
  run: Run
  folder: string
  reference: Reference
  limits: Limits
  waivers: readonly Waiver[]
  today: string
  /** What is known of the noise of an environment class. @default nothing */
  noiseOf?(environmentClass: string): Promise<Calibration | undefined>
  /** Told of every case that was compared with a golden, in the order in which they are done. */
  onJudged?(judged: Judged): void
}

/** The cases of a run with their verdicts; what they were compared with is copied beside them. */
export async function judgeCases({
  run,
  folder,
  reference,
  limits,
  waivers,
  today,
  noiseOf = async () => undefined,
  onJudged = () => {},
}: Judging): Promise<CaseResult[]> {
  const { drawn, another } = caseReader({ run, folder, reference })
  const judges = createJudges(run.cases.length)

  async function judgeCase(result: CaseResult): Promise<CaseResult> {
    const { id, fixture } = result
    const { version, payloadSha256, twin } = fixture
    const found = await reference.of({ id, version, payloadSha256 }, run.environment)
    const accepted = await Promise.all(found.map(variant => withUploads(variant, result)))
    const candidate = {
      result,
      environment: run.environment,
      backend: run.backend,
      pictures: await drawn(result),
      tensors: result.tensors && (await readTensors(folder, result.tensors)),
      twin: await another(twin),
      sameAs: await another(sameAs(result)),
    }
    const [nearest] = accepted
    const noise = nearest && (await noiseOf(nearest.golden.environment.class))?.cases[id]
    const judged = await judges.judge({ candidate, accepted, limits: calibratedLimits(limits, noise) })
    const approved = accepted[judged.variant ?? -1]
    const difference = differenceOf({
      result,
      verdict: judged.verdict,
      pictures: candidate.pictures,
      reference: approved,
    })
    const verdict = waive(
      { ...judged.verdict, ...(difference === undefined ? {} : { difference }) },
      { id, waivers, today },
    )
    if (approved === undefined || verdict.golden === undefined) return { ...result, verdict }
    const { golden } = approved
    onJudged({ candidate, approved, verdict })
    const images = await keepGolden(reference.folderOf(golden), folder, golden.images)
    return { ...result, verdict: { ...verdict, golden: { ...verdict.golden, images } } }
  }

  try {
    return await inOrder(run.cases, AT_ONCE, judgeCase)
  } finally {
    await judges.close()
  }
}

/** Cases whose pictures are in memory at once. */
const AT_ONCE = 2 * availableParallelism()

type Judged = ProofSubject & { verdict: CaseVerdict }

/** What there is of cases: pictures of the run, and of the reference. */
function caseReader({ run, folder, reference }: Pick<Judging, 'run' | 'folder' | 'reference'>) {
  const drawn = ({ images }: CaseResult) => Promise.all(images.map(image => readPicture(folder, image)))
  /** Another case, wherever there are pictures of it. A golden of what it was before does not count. */
  async function another(id: string | undefined): Promise<Twin | undefined> {
    if (id === undefined) return undefined
    const result = run.cases.find(other => other.id === id && other.state === 'ok')
    const [own] = await reference.of({ id, ...result?.fixture }, run.environment)
    const current = own !== undefined && (result === undefined || outdated(result, own.golden) === undefined)
    return {
      id,
      ...(result === undefined ? {} : { drawn: await drawn(result) }),
      ...(current ? { golden: own.pictures } : {}),
    }
  }
  return { drawn, another }
}

/** How each photo of a case leans; a case and its twin are not independent. */
function leaningsOf({ candidate, approved }: ProofSubject): Leaning[] {
  const { id, fixture } = candidate.result
  if (fixture.output !== 'photo') return []
  return candidate.pictures.flatMap((picture, i) => {
    const golden = approved.pictures[i]
    if (golden === undefined || shapeOf(golden) !== shapeOf(picture)) return []
    return [{ cluster: fixture.twin ?? id, lean: leanOf(picture, golden) }]
  })
}

async function keepGolden(from: string, folder: string, images: readonly RunImage[]): Promise<RunImage[]> {
  const kept = images.map(image => ({ ...image, file: `golden/${basename(image.file)}` }))
  try {
    await mkdir(join(folder, 'golden'), { recursive: true })
    for (const { file } of images) await copyFile(join(from, file), join(folder, 'golden', basename(file)))
  } catch (cause) {
    throw outputError(join(folder, 'golden'), cause)
  }
  return kept
}

/** The most serious of what the verdicts say. A run that was cut off is never green, nor one that has no case. */
export function exitCodeOf(run: Run, { strictDrift = false } = {}): ExitCode {
  const isUnstable = ({ verdict }: CaseResult) => verdict?.redrawn?.unstable === true
  const verdicts = new Set(run.cases.filter(each => !isUnstable(each)).map(({ verdict }) => verdict?.verdict))
  if (run.selfProof?.verdict === 'fail') return ExitCode.internal
  if (run.population?.verdict === 'fail') return ExitCode.regression
  if (verdicts.has('fail') || run.waivers?.some(({ state }) => state === 'expired')) return ExitCode.regression
  if (verdicts.has('error')) return ExitCode.engine
  if (!run.complete || run.pending.length > 0) return ExitCode.interrupted
  if (run.cases.some(isUnstable)) return ExitCode.unstable
  if (verdicts.has('no-golden') || verdicts.has(undefined) || verdicts.size === 0) return ExitCode.noGolden
  if (verdicts.has('drift') && strictDrift) return ExitCode.drift
  return ExitCode.ok
}
