import { resolve } from 'node:path'
import Table from 'cli-table3'
import { ExitCode, UsageError } from '../errors.js'
import { DEFAULT_RULES } from '../harness/bench/decide.js'
import { appendHistory, historyOf, readHistory, trendOf } from '../harness/bench/history.js'
import { runBench } from '../harness/bench/run-bench.js'
import { type SelfTest, selfTest } from '../harness/bench/self-test.js'
import type { SpeedSection } from '../harness/bench/speed-schema.js'
import { loadFixtures, selectFixtures } from '../harness/fixture/load.js'
import { kudosPayload } from '../harness/kudos/payload.js'
import { writeWhole } from '../harness/output.js'
import type { Run } from '../harness/run-schema.js'
import { writeRun } from '../harness/run-store.js'
import { renderReport } from '../report/report.js'
import { renderSpeedTable } from '../report/speed-table.js'
import { openBackend } from './backend-args.js'
import { command, decimal, integer } from './command.js'
import { ENGINE_ARGS, modelRecorder } from './engine-args.js'
import { FIXTURES, GOLDENS, globs, newRunFolder } from './places.js'
import { createProgress } from './progress.js'

/** A small and a tall job of the shipped payloads: seconds, not minutes, on two cores. */
const DEFAULT_ONLY = 'euler-karras,dpmpp-2m-karras,size-192x128'

export const benchRun = command({
  name: 'bench',
  description: 'Time a backend, or one against another, so that the figures hold',
  args: {
    baseline: {
      type: 'positional',
      required: false,
      description: 'The one to compare with, e.g. build:../main; leave it out to time CANDIDATE alone',
    },
    candidate: { type: 'positional', required: false, description: 'The one to judge [default: engine]' },
    fixtures: {
      type: 'string',
      valueHint: 'PATH',
      description: 'A fixture, or a folder of them [default: the shipped ones]',
    },
    only: { type: 'string', valueHint: 'GLOBS', description: `Payloads to draw [default: ${DEFAULT_ONLY}]` },
    out: { type: 'string', valueHint: 'DIR', description: 'Folder of the run [default: runs/bench-TIME]' },
    pairs: { type: 'string', description: 'Pairs of each payload; 12 for a release [default: 8]' },
    effect: { type: 'string', description: 'Smallest change that counts, in percent [default: 2]' },
    golden: {
      type: 'string',
      valueHint: 'DIR',
      description: 'Goldens that the pictures must match [default: the shipped ones]',
    },
    parity: {
      type: 'string',
      valueHint: 'RUN',
      description: 'A judged run of the same build, instead of the pictures drawn here',
    },
    load: {
      type: 'string',
      valueHint: 'RATES',
      description: 'Also offer jobs as they come: jobs a second, e.g. "0.5,1", or auto',
    },
    jobs: { type: 'string', description: 'Jobs at each rate of --load [default: 20]' },
    ttl: { type: 'string', description: "Seconds a job of --load may take [default: the Horde's]" },
    history: {
      type: 'string',
      valueHint: 'FILE',
      description: 'Add the times to this history and tell where it steps',
    },
    seed: { type: 'string', description: 'Of resampling and of arrivals [default: 1]' },
    force: { type: 'boolean', description: 'Measure on a busy or mismatched machine all the same; the report says so' },
    'self-test': {
      type: 'string',
      valueHint: 'BENCHES',
      description: 'Show what the bench finds on this machine, with so many live benches',
    },
    json: { type: 'boolean', description: 'Print the figures as JSON' },
    ...ENGINE_ARGS,
  },
  examples: [
    ['horde-onnx bench', 'times the engine: phases, steps, memory, cold and warm'],
    ['horde-onnx bench build:../main engine', 'is this checkout slower than that one? exit code 1 if it is'],
    ['horde-onnx bench engine engine:threads=1 --only euler-karras', 'what the second thread is worth'],
    ['horde-onnx bench --load auto', 'how many jobs a second come through, and when the queue grows'],
    ['horde-onnx bench --self-test 20 --force', 'finds a planted slowdown in 20 of 20 benches, and nothing in nothing'],
  ],
  async run({ args, signal }) {
    // With one backend it is the candidate.
    const [baseline, candidate] =
      args.candidate === undefined ? [undefined, args.baseline ?? 'engine'] : [args.baseline, args.candidate]
    for (const spec of [baseline, candidate]) {
      if (spec?.startsWith('recorded:')) {
        throw new UsageError('a stored run has one time a payload, which is no sample', {
          hint: 'horde-onnx kudos RUN --against RUN compares the times of two runs',
        })
      }
    }
    const only = args.only ?? (args.fixtures === undefined ? DEFAULT_ONLY : undefined)
    const fixtures = selectFixtures(await loadFixtures(args.fixtures ?? FIXTURES), { only: globs(only) })
    const pairs = integer('pairs', args.pairs, { min: 4, max: 1000 }) ?? 8
    const seed = integer('seed', args.seed, { min: 0, max: 2 ** 31 }) ?? DEFAULT_RULES.seed
    const effect = decimal('effect', args.effect, { min: 0.1, max: 100 })
    const minimumEffect = effect === undefined ? DEFAULT_RULES.minimumEffect : effect / 100
    const progress = createProgress(process.stderr, { quiet: args.json === true })
    try {
      const tests = integer('self-test', args['self-test'], { min: 1, max: 1000 })
      if (tests !== undefined) {
        const [fixture] = fixtures
        if (fixture === undefined) return ExitCode.invalid
        const backend = await openBackend(candidate, args, { apart: true })
        try {
          const test = await selfTest({
            backend,
            payload: { id: fixture.id, text: fixture.payload, steps: kudosPayload(fixture.payload).steps },
            benches: tests,
            pairs,
            rules: { confidence: DEFAULT_RULES.confidence, minimumEffect, seed },
            onProgress: what => progress.update(what),
            signal,
          })
          progress.done()
          if (args.out !== undefined) await writeWhole(args.out, `${JSON.stringify(test, undefined, 1)}\n`)
          process.stdout.write(args.json === true ? `${JSON.stringify(test)}\n` : `${selfTestTable(test)}\n`)
          return selfTestPassed(test) ? ExitCode.ok : ExitCode.unstable
        } finally {
          await backend.close()
        }
      }
      const out = resolve(args.out ?? newRunFolder('bench'))
      const timed = await runBench({
        candidate: { spec: candidate, open: () => openBackend(candidate, args, { apart: true }) },
        ...(baseline === undefined
          ? {}
          : { baseline: { spec: baseline, open: () => openBackend(baseline, args, { apart: true }) } }),
        fixtures,
        out,
        goldens: args.golden ?? GOLDENS,
        parityRun: args.parity,
        pairs,
        minimumEffect,
        seed,
        force: args.force === true,
        ...(candidate.startsWith('engine') ? { model: modelRecorder(args) } : {}),
        load: loadOf(args),
        onProgress: what => progress.update(what),
        signal,
      })
      progress.done()
      const run = args.history === undefined ? timed : await remembered(args.history, timed, out)
      const page = await renderReport(out)
      if (args.json === true) process.stdout.write(`${JSON.stringify(run.speed, undefined, 1)}\n`)
      else {
        const lines = run.speed === undefined ? '' : stepLines(run.speed).join('')
        process.stdout.write(
          `${run.speed === undefined ? '' : renderSpeedTable(run.speed)}\n${lines}\nreport: ${page}\n`,
        )
      }
      return codeOf(run)
    } finally {
      progress.done()
    }
  },
})

function loadOf({
  load,
  jobs,
  ttl,
}: {
  load?: string | undefined
  jobs?: string | undefined
  ttl?: string | undefined
}) {
  if (load === undefined) return undefined
  const rates =
    load === 'auto'
      ? undefined
      : load.split(',').map(rate => decimal('load', rate.trim(), { min: 0.001, max: 10_000 }) ?? 1)
  return {
    rates,
    jobs: integer('jobs', jobs, { min: 4, max: 100_000 }),
    ttl: decimal('ttl', ttl, { min: 0.01, max: 100_000 }),
  }
}

/** The run with its history, which now has the run. */
async function remembered(file: string, run: Run, out: string): Promise<Run> {
  if (run.speed === undefined) return run
  const now = historyOf(run)
  await appendHistory(file, now)
  const whole = { ...run, speed: { ...run.speed, trend: trendOf(await readHistory(file), now) } }
  await writeRun(out, whole)
  return whole
}

function stepLines({ candidate, trend = [] }: SpeedSection): string[] {
  return trend.flatMap(({ payload, points, steps }) =>
    steps.flatMap(({ point, ratio }) => {
      const first = points[point]
      if (first === undefined) return []
      const change = `${ratio > 1 ? '+' : '−'}${(100 * Math.abs(ratio - 1)).toFixed(1)} %`
      const build = `${first.version}${first.commit === undefined ? '' : ` (${first.commit.slice(0, 12)})`}`
      return [`history: ${payload} on ${candidate.device} changed by ${change} with ${build}, first seen ${first.at}\n`]
    }),
  )
}

/** Slower is a regression; a figure that does not count, or decides nothing, is none. */
function codeOf({ speed, complete }: Run): ExitCode {
  if (!complete || speed === undefined) return ExitCode.interrupted
  if (speed.decision?.verdict === 'slower' || speed.payloads.some(({ decision }) => decision?.verdict === 'slower'))
    return ExitCode.regression
  if (!speed.valid || speed.decision?.verdict === 'unsure') return ExitCode.unstable
  return ExitCode.ok
}

/** What docs/bench.md promises. */
function selfTestPassed({ planted, nothing, simulated }: SelfTest): boolean {
  return (
    planted.slower >= 0.95 * planted.benches &&
    nothing.slower + nothing.faster === 0 &&
    simulated.slower >= 0.95 * simulated.benches
  )
}

function selfTestTable({ planted, nothing, simulated, simulatedNothing, noise, pairs }: SelfTest): string {
  const table = new Table({
    head: ['benches', 'slowdown', 'said slower', 'said faster'],
    style: { head: [], border: [], compact: true },
  })
  table.push(
    [`${planted.benches} live`, '15 %, planted', String(planted.slower), ''],
    [`${nothing.benches} live`, 'none', String(nothing.slower), String(nothing.faster)],
    [`${simulated.benches} simulated`, '8 %', String(simulated.slower), ''],
    [`${simulatedNothing.benches} simulated`, 'none', String(simulatedNothing.slower), String(simulatedNothing.faster)],
  )
  return `${table.toString()}\nnoise of a pair's ratio: ${(100 * noise).toFixed(1)} % (standard deviation of ${pairs.length} pairs)`
}
