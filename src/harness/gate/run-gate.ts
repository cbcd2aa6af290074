/** The gate: a list of stages, each of which decides; the most serious decision is the gate's. */
import type { Backend } from '../../backends/backend.js'
import type { EngineOptions } from '../../engine/create-engine.js'
import type { Engine } from '../../engine/types.js'
import { ExitCode, HordeOnnxError } from '../../errors.js'
import { checkRun, exitCodeOf } from '../check.js'
import { environmentOf } from '../environment.js'
import type { Fixture } from '../fixture/fixture.js'
import { globMatcher } from '../glob.js'
import { readWaivers } from '../golden/waivers.js'
import { openGoldens } from '../goldens.js'
import { type ReplayEvent, replay } from '../replay.js'
import type { Run, RunStage, Selection } from '../run-schema.js'
import { readRun, writeRun } from '../run-store.js'
import { stressEngine, stressExitCode } from '../stress/run-stress.js'
import type { Stress } from '../stress/stress-schema.js'
import type { GateConfig, GateStageName } from './config.js'
import { type PlannedCase, planExitCode, planFixtures } from './plan-stage.js'
import { redrawFailed } from './redraw.js'

export interface GateInput {
  config: GateConfig
  engine: Engine
  /** Opens engines for the stage `stress`, which is left out without it. */
  openEngine?: (options: EngineOptions) => Promise<Engine>
  /** The engine as what draws. */
  backend: Backend
  fixtures: readonly Fixture[]
  unselected: readonly Fixture[]
  selection: Selection
  goldens: string
  /** Folder of the run. */
  out: string
  model?: (name: string) => Promise<{ file: string; sha256: string }>
  onProgress?: (event: ReplayEvent) => void
  /** Told when a stage ends, before the next one begins. */
  onStage?: (stage: RunStage, plans?: readonly PlannedCase[]) => void
  signal?: AbortSignal
}

export interface GateOutcome {
  stages: RunStage[]
  exitCode: ExitCode
  /** Absent where nothing was drawn. */
  run?: Run
  plans?: readonly PlannedCase[]
  stress?: Stress
}

interface StageOutcome {
  exitCode: ExitCode
  /** One sentence. */
  says: string
}

/** A stage of the gate: judges something, and may leave things behind for the stages after it. */
type Stage = (input: GateInput, so: GateOutcome) => Promise<StageOutcome>

/** More stages (self-proof, bench) take their place here and in `GATE_STAGES`. */
const STAGES: Record<GateStageName, Stage> = {
  async plan({ engine, fixtures, goldens }, so) {
    const plans = await planFixtures(engine, fixtures, {
      set: await openGoldens(goldens),
      waivers: await readWaivers(goldens),
      today: new Date().toISOString().slice(0, 10),
    })
    so.plans = plans
    const count = (verdict: PlannedCase['verdict']) => plans.filter(each => each.verdict === verdict).length
    const says = [
      `${count('pass')} of ${plans.length} plans are the approved ones`,
      count('fail') > 0 && `${count('fail')} changed`,
      count('waived') > 0 && `${count('waived')} are waived`,
      count('error') > 0 && `${count('error')} ended in a fault`,
      count('no-golden') > 0 && `${count('no-golden')} have no golden`,
    ].filter(part => part !== false)
    return { exitCode: planExitCode(plans), says: says.join(', ') }
  },

  async replay(input, so) {
    const { backend, fixtures, unselected, selection, out, config, signal } = input
    so.run = await replay({
      backend,
      fixtures,
      unselected,
      selection,
      out,
      concurrency: config.concurrency,
      command: 'gate',
      ...(input.model === undefined ? {} : { model: input.model }),
      ...(input.onProgress === undefined ? {} : { onProgress: input.onProgress }),
      ...(signal === undefined ? {} : { signal }),
    })
    const { cases, complete, pending } = so.run
    return complete
      ? { exitCode: ExitCode.ok, says: `${cases.length} cases drawn` }
      : { exitCode: ExitCode.interrupted, says: `cut off with ${pending.length} cases to go` }
  },

  async check(input, so) {
    const { out, goldens, config, backend, fixtures, signal } = input
    const options = { strictDrift: config.strict_drift }
    const { run } = await checkRun(out, goldens, options)
    const again = signal === undefined ? {} : { signal }
    so.run = config.redraw
      ? await redrawFailed({ run, folder: out, goldens, backend, fixtures, check: options, ...again })
      : run
    const count = (verdict: string) => so.run?.cases.filter(each => each.verdict?.verdict === verdict).length ?? 0
    const unstable = so.run.cases.filter(({ verdict }) => verdict?.redrawn?.unstable).length
    const says = (['pass', 'drift', 'fail', 'error', 'no-golden', 'waived'] as const).flatMap(verdict =>
      count(verdict) > 0 ? [`${count(verdict)} ${verdict}`] : [],
    )
    if (unstable > 0) says.push(`${unstable} unstable`)
    return { exitCode: exitCodeOf(so.run, options), says: says.join(', ') || 'nothing was judged' }
  },

  async stress({ openEngine, out, signal }, so) {
    if (openEngine === undefined) return { exitCode: ExitCode.invalid, says: 'there is no engine to be stressed' }
    const options = { engine: openEngine, out, size: 6, kills: 1, ...(signal === undefined ? {} : { signal }) }
    so.stress = await stressEngine(options)
    return { exitCode: stressExitCode(so.stress, signal), says: so.stress.reason }
  },
}

/** Most serious first: what decides where stages disagree. */
const SERIOUS = [
  ExitCode.internal,
  ExitCode.concurrency,
  ExitCode.regression,
  ExitCode.engine,
  ExitCode.environment,
  ExitCode.invalid,
  ExitCode.interrupted,
  ExitCode.unstable,
  ExitCode.noGolden,
  ExitCode.drift,
] as const

export function mostSerious(codes: readonly ExitCode[]): ExitCode {
  return SERIOUS.find(code => codes.includes(code)) ?? ExitCode.ok
}

/**
 * Runs the stages that the configuration names. `check` without `replay` judges the run that is in `out` already.
 *
 * @throws HordeOnnxError where a stage cannot run at all
 */
export async function runGate(input: GateInput): Promise<GateOutcome> {
  const { config, onStage = () => {} } = input
  await assertClass(input)
  const so: GateOutcome = { stages: [], exitCode: ExitCode.ok }
  const codes: ExitCode[] = []
  for (const [name, stage] of Object.entries(STAGES)) {
    if (!config.stages.some(wanted => wanted === name)) continue
    if (name === 'stress' && input.openEngine === undefined) continue
    const since = performance.now()
    const { exitCode, says } = await stage(input, so)
    const done = { name, exitCode, says, ms: performance.now() - since }
    so.stages.push(done)
    codes.push(exitCode)
    onStage(done, name === 'plan' ? so.plans : undefined)
    if (exitCode === ExitCode.interrupted) break
  }
  so.exitCode = mostSerious(codes)
  if (so.run !== undefined) {
    so.run = {
      ...(await readRun(input.out, { pictures: false })),
      stages: so.stages,
      ...(so.stress && { stress: so.stress }),
    }
    await writeRun(input.out, so.run)
  }
  return so
}

/** @throws HordeOnnxError with the exit code of another environment */
async function assertClass({ config, backend }: GateInput): Promise<void> {
  if (config.class === undefined) return
  const environment = await environmentOf(backend)
  if (globMatcher(config.class)(environment.class)) return
  throw new HordeOnnxError(
    'environment',
    ExitCode.environment,
    `this machine is ${environment.class}, the gate is for ${config.class}`,
    {
      hint: 'run it where its goldens are from, or change `class` in the configuration',
    },
  )
}
