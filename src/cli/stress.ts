import { resolve } from 'node:path'
import { createEngine } from '../engine/create-engine.js'
import { UsageError } from '../errors.js'
import { loadFixtures } from '../harness/fixture/load.js'
import { runStress, type StressEvent, type StressResult } from '../harness/stress/run-stress.js'
import { readSchedule } from '../harness/stress/schedule.js'
import { SCHEDULES } from '../harness/stress/schedules.js'
import { renderReport } from '../report/report.js'
import { command, integer } from './command.js'
import { ENGINE_ARGS, engineOptions } from './engine-args.js'
import { globs, newRunFolder } from './places.js'
import { bar, createProgress, duration } from './progress.js'

export const stress = command({
  name: 'stress',
  description: 'Run many jobs at once, kill lanes, and prove that every job is what it is alone',
  args: {
    schedule: { type: 'positional', required: false, description: 'A schedule to replay, e.g. one that stress saved' },
    only: {
      type: 'string',
      valueHint: 'NAMES',
      description: `Schedules: ${Object.keys(SCHEDULES).join(', ')} [default: all but soak and hordelib]`,
    },
    jobs: { type: 'string', description: 'Jobs of each schedule, roughly [default: 12]' },
    kills: { type: 'string', description: 'Lanes killed in each schedule that kills any [default: 2]' },
    seed: { type: 'string', description: 'Makes the same schedules again [default: from the clock]' },
    'not-deterministic': { type: 'boolean', description: 'Let jobs share runs; pictures need 45 dB to the solo ones' },
    model: { type: 'string', description: 'Name in the catalogue [default: pocket-sd15]' },
    fixtures: { type: 'string', valueHint: 'DIR', description: 'Payloads that join the jobs, reduced to 128×128' },
    hordelib: {
      type: 'string',
      valueHint: 'FILE',
      description: "JSON of hordelib's example payloads: its own stress test joins the schedules",
    },
    out: { type: 'string', valueHint: 'DIR', description: 'Folder of the run [default: runs/stress-TIME]' },
    json: { type: 'boolean', description: 'Print the section `stress` of run.json' },
    ...ENGINE_ARGS,
  },
  examples: [
    ['horde-onnx stress', 'a minute of every schedule'],
    ['horde-onnx stress --only soak --jobs 10000 --kills 200 --in-flight 16 --seed 1', 'the long one'],
    ['horde-onnx stress runs/stress-…/kills-1.yaml', 'replays the smallest schedule that failed'],
  ],
  async run({ args, signal }) {
    const only = globs(args.only)
    for (const name of only) {
      if (!(name in SCHEDULES)) {
        throw new UsageError(`there is no schedule "${name}"`, {
          hint: `schedules: ${Object.keys(SCHEDULES).join(', ')}`,
        })
      }
    }
    const out = resolve(args.out ?? newRunFolder('stress'))
    const progress = createProgress(process.stderr, { quiet: args.json === true })
    const size = integer('jobs', args.jobs, { min: 1, max: 1_000_000 })
    const kills = integer('kills', args.kills, { min: 0, max: 100_000 })
    const seed = integer('seed', args.seed, { min: 0, max: 2 ** 31 - 1 })
    const { lanes, inFlight, ...engine } = engineOptions(args)
    try {
      const result = await runStress({
        engine: createEngine,
        engineOptions: engine,
        out,
        ...(only.length === 0 ? {} : { schedules: only }),
        ...(args.schedule === undefined ? {} : { replay: await readSchedule(args.schedule) }),
        ...(args.fixtures === undefined ? {} : { fixtures: await loadFixtures(args.fixtures) }),
        ...(args.hordelib === undefined ? {} : { hordelib: args.hordelib }),
        ...(args.model === undefined ? {} : { model: args.model }),
        ...(size === undefined ? {} : { size }),
        ...(kills === undefined ? {} : { kills }),
        ...(seed === undefined ? {} : { seed }),
        ...(lanes === undefined ? {} : { lanes }),
        ...(inFlight === undefined ? {} : { inFlight }),
        mode: args['not-deterministic'] ? 'default' : 'deterministic',
        onProgress: event => progress.update(lineOf(event)),
        signal,
      })
      progress.done()
      const page = await renderReport(out)
      if (args.json) process.stdout.write(`${JSON.stringify(result.stress, undefined, 1)}\n`)
      else process.stdout.write(`${textOf(result, out)}\n\nreport: ${page}\n`)
      return result.exitCode
    } finally {
      progress.done()
    }
  },
})

function lineOf(event: StressEvent): string {
  switch (event.type) {
    case 'solo':
      return `${bar(event.done, event.total)} ${event.done}/${event.total} jobs alone`
    case 'job':
      return `${bar(event.done, event.total)} ${event.done}/${event.total} ${event.schedule}, ${event.problems} problems`
    case 'shrink':
      return `run ${event.runs}: does a schedule of ${event.entries} fail, too?`
  }
}

function textOf({ stress }: StressResult, out: string): string {
  const { totals, scheduler, memory, shrunk, problems } = stress
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`
  const last = memory.samples.at(-1)
  const growth =
    memory.growthSince100 === undefined ? '' : `, ${(100 * memory.growthSince100).toFixed(1)}% more than after 100 jobs`
  const own = scheduler.busyMs === 0 ? 0 : (100 * scheduler.ownMs) / scheduler.busyMs
  return [
    ...stress.schedules.map(
      ({ name, about, jobs, problems, startMs, endMs }) =>
        `${problems === 0 ? 'pass' : 'FAIL'}  ${name.padEnd(10)} ${String(jobs).padStart(5)} jobs  ${duration(endMs - startMs).padStart(9)}  ${about}`,
    ),
    '',
    `${stress.verdict}: ${stress.reason} (seed ${stress.seed}, ${stress.mode}, ${stress.inFlight} in flight)`,
    `kills ${totals.kills}, retries ${totals.retries}, faults asked for ${totals.faults - totals.unexplained}, aborted ${totals.cancelled}`,
    `runs ${scheduler.runs} for ${scheduler.requests} requests, at most ${scheduler.most} in one; the scheduler took ${own.toFixed(2)}% of the time`,
    ...(last === undefined ? [] : [`memory ${mib(last.rss)}${growth}`]),
    ...problems.slice(0, 10).map(({ n, schedule, job, reason }) => `  job ${n} (${schedule}, ${job}): ${reason}`),
    ...(shrunk === undefined
      ? []
      : [
          `the smallest schedule that fails has ${shrunk.entries} of ${shrunk.from} entries: horde-onnx stress ${out}/${shrunk.file}`,
        ]),
  ].join('\n')
}
