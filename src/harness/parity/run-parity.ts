import type { Engine } from '../../engine/types.js'
import { ExitCode, type Fault, FixtureError, faultOf } from '../../errors.js'
import { globMatcher } from '../glob.js'
import { caseToJob } from './case-job.js'
import { compareCase, type StageFigure } from './compare.js'
import { type Pack, readPictures, readStages } from './pack.js'
import type { PackCase } from './pack-case.js'

export interface ParityCase {
  id: string
  verdict: 'pass' | 'fail' | 'unsupported' | 'error'
  /** One sentence. */
  reason: string
  /** First stage at which we leave the reference. */
  leavesAt?: string
  sensitivity: number
  stages: readonly StageFigure[]
  milliseconds: number
}

export interface ParityReport {
  pack: { name: string; about: string }
  cases: readonly ParityCase[]
  totals: Record<ParityCase['verdict'], number> & {
    /** Worst relative error of a final latent, and lowest PSNR of judged pictures that are not identical; null where there is none. */
    latent: number | null
    psnr: number | null
  }
  /** The signal ended it before the last case. */
  interrupted: boolean
  exitCode: ExitCode
}

export interface ParityOptions {
  pack: Pack
  /** Made with {@link packModels} and the pack's model folders. */
  engine: Engine
  /** Globs of cases. @default all */
  only?: readonly string[]
  onProgress?: (progress: { result?: ParityCase; id: string; done: number; total: number }) => void
  signal?: AbortSignal
}

/**
 * Computes the cases of a reference pack and says of each how far it is from the reference, stage by stage.
 *
 * @throws FixtureError where nothing is selected
 */
export async function runParity({
  pack,
  engine,
  only = [],
  onProgress = () => {},
  signal,
}: ParityOptions): Promise<ParityReport> {
  const selected = only.length === 0 ? pack.cases : pack.cases.filter(({ id }) => globMatcher(only)(id))
  if (selected.length === 0) {
    throw new FixtureError(`the pack ${pack.name} has no case ${only.join(' or ')}`.trimEnd(), {
      hint: `it has ${pack.cases.length}, e.g. ${pack.cases
        .slice(0, 5)
        .map(({ id }) => id)
        .join(', ')}`,
    })
  }
  const cases: ParityCase[] = []
  for (const one of selected) {
    if (signal?.aborted) break
    onProgress({ id: one.id, done: cases.length, total: selected.length })
    const result = await runCase(pack, one, engine, signal)
    if (signal?.aborted) break
    cases.push(result)
    onProgress({ id: one.id, result, done: cases.length, total: selected.length })
  }
  const interrupted = cases.length < selected.length
  const totals = totalsOf(cases)
  return {
    pack: { name: pack.name, about: pack.about },
    cases,
    totals,
    interrupted,
    exitCode: exitCodeOf(totals, interrupted),
  }
}

async function runCase(
  pack: Pack,
  one: PackCase,
  engine: Engine,
  signal: AbortSignal | undefined,
): Promise<ParityCase> {
  const since = performance.now()
  const end = (
    result: Pick<ParityCase, 'verdict' | 'reason' | 'leavesAt'> & { stages?: readonly StageFigure[] },
  ): ParityCase => ({
    id: one.id,
    sensitivity: one.sensitivity,
    stages: [],
    ...result,
    milliseconds: performance.now() - since,
  })
  const faulted = ({ code, message }: Fault) =>
    end({
      verdict: code === 'unsupported' ? 'unsupported' : 'error',
      reason: code === 'unsupported' ? message : `${code}: ${message}`,
    })
  try {
    const [job, tensors, pictures] = await Promise.all([
      caseToJob(pack, one),
      readStages(pack, one.id),
      readPictures(pack, one.id),
    ])
    const keep = { stages: true, steps: one.keep_steps }
    const generation = await engine.generate({ job }, { id: one.id, keep, ...(signal === undefined ? {} : { signal }) })
    if (generation.state !== 'ok')
      return faulted(generation.faults[0] ?? { code: generation.state, message: 'no picture came' })
    const judgePictures = !globMatcher(pack.latentsOnly)(one.checkpoint ?? '')
    const reference = {
      tensors,
      pictures,
      sensitivity: one.sensitivity,
      cfgScale: one.payload.cfg_scale,
      judgePictures,
    }
    const { within, stages, leavesAt } = compareCase(generation, reference, pack.tolerance)
    const figures = { stages, ...(leavesAt === undefined ? {} : { leavesAt }) }
    return end({ verdict: within ? 'pass' : 'fail', reason: reasonOf(stages, within), ...figures })
  } catch (error) {
    return faulted(faultOf(error))
  }
}

function reasonOf(stages: readonly StageFigure[], within: boolean): string {
  const first = stages.find(stage => !stage.within && (within || stage.judged)) ?? stages.find(stage => !stage.within)
  if (first === undefined) return 'every stage is within its tolerance'
  const told =
    first.problem ??
    (first.stage === 'pixels'
      ? `PSNR ${first.figure?.toFixed(1)} dB`
      : `error ${first.figure?.toExponential(1) ?? 'not finite'}`)
  const limit = first.problem === undefined ? `, the limit is ${first.limit}` : ''
  return `${first.stage}: ${told}${limit}`
}

function totalsOf(cases: readonly ParityCase[]): ParityReport['totals'] {
  const count = (verdict: ParityCase['verdict']) => cases.filter(one => one.verdict === verdict).length
  const figures = (name: string) =>
    cases.flatMap(({ stages }) =>
      stages.flatMap(({ stage, figure, judged }) => (stage === name && judged && figure !== null ? [figure] : [])),
    )
  const latents = figures('latent')
  const decibels = figures('pixels')
  return {
    pass: count('pass'),
    fail: count('fail'),
    unsupported: count('unsupported'),
    error: count('error'),
    latent: latents.length === 0 ? null : Math.max(...latents),
    psnr: decibels.length === 0 ? null : Math.min(...decibels),
  }
}

/** Cases that the engine lacks something for are no failure, but where nothing else is there, nothing was shown. */
function exitCodeOf({ pass, fail, error }: ParityReport['totals'], interrupted: boolean): ExitCode {
  if (fail > 0) return ExitCode.regression
  if (error > 0) return ExitCode.engine
  if (interrupted) return ExitCode.interrupted
  return pass > 0 ? ExitCode.ok : ExitCode.engine
}
