import { resolve } from 'node:path'
import { ExitCode, UsageError } from '../errors.js'
import { checkRun } from '../harness/check.js'
import { faultedAsExpected } from '../harness/expectation.js'
import { loadFixtures, selectFixtures } from '../harness/fixture/load.js'
import { parseShard, shardFixtures } from '../harness/fixture/shard.js'
import { replay as replayFixtures } from '../harness/replay.js'
import type { Run } from '../harness/run-schema.js'
import { BACKEND_ARG, openBackend } from './backend-args.js'
import { command, integer } from './command.js'
import { ENGINE_ARGS, modelRecorder } from './engine-args.js'
import { OUTPUT_ARGS, writeOutputs } from './outputs.js'
import { FIXTURES, GOLDENS, globs, newRunFolder } from './places.js'
import { createProgress } from './progress.js'
import { showProgress } from './replay-progress.js'
import { show } from './show.js'
import { UPDATE_ARGS, updated, updateMode } from './update-args.js'

export const replay = command({
  name: 'replay',
  description:
    'Run recorded payloads through the engine, or another backend, and store pictures, plans, timings and faults as a run',
  args: {
    fixtures: {
      type: 'positional',
      required: false,
      description: 'A fixture, or a folder of them [default: the shipped ones]',
    },
    only: { type: 'string', valueHint: 'GLOBS', description: 'Cases to replay, e.g. "sampler-*,size-64x64"' },
    smoke: { type: 'boolean', description: 'Only the cases that are marked as a quick selection' },
    out: { type: 'string', valueHint: 'DIR', description: 'Folder of the run [default: runs/TIME]' },
    check: { type: 'boolean', description: 'Judge the run against the goldens' },
    golden: { type: 'string', valueHint: 'DIR', description: 'Folder of the goldens [default: the shipped ones]' },
    'strict-drift': { type: 'boolean', description: 'End with exit code 2 where something drifted' },
    shard: { type: 'string', valueHint: 'I/N', description: 'Only this part of the cases, for N machines' },
    ...UPDATE_ARGS,
    ...OUTPUT_ARGS,
    backend: BACKEND_ARG,
    concurrency: { type: 'string', description: 'Jobs the backend is given at once [default: 2]' },
    json: { type: 'boolean', description: 'Print run.json instead of the table' },
    ...ENGINE_ARGS,
  },
  examples: [
    ['horde-onnx replay --check', 'replays the shipped payloads and judges them'],
    ['horde-onnx replay --check --smoke', 'replays a quick selection of them; this is what npm start does'],
    ['horde-onnx replay my-payloads/ --only "hires-*" --out runs/hires', 'replays some of your own'],
    ['horde-onnx replay --shard 2/3 --out shard-2', 'the second of three machines; report merge puts them together'],
    ['horde-onnx replay --check --update missing --reason "new fixtures"', 'approves what has no golden yet'],
    ['horde-onnx replay pop.json', "replays one worker's job as the Horde sent it"],
    ['horde-onnx replay --backend recorded:runs/old --check', 'judges what was drawn before by the goldens of today'],
  ],
  async run({ args, signal }) {
    const all = await loadFixtures(args.fixtures ?? FIXTURES)
    const chosen = selectFixtures(all, { only: globs(args.only), smoke: args.smoke === true })
    const shard = args.shard === undefined ? undefined : parseShard(args.shard)
    const fixtures = shard === undefined ? chosen : shardFixtures(chosen, shard)
    const update = updateMode(args)
    if (update !== 'none' && !args.check)
      throw new UsageError('--update needs --check', { hint: 'it follows the verdicts' })
    const out = resolve(args.out ?? newRunFolder())
    const concurrency = integer('concurrency', args.concurrency, { min: 1, max: 1000 }) ?? 2
    const backend = await openBackend(args.backend, args)
    const progress = createProgress(process.stderr, { quiet: args.json === true })
    try {
      const run = await replayFixtures({
        backend,
        fixtures,
        selection: { only: globs(args.only), of: all.length, ...(shard && { shard }) },
        unselected: all.filter(fixture => !fixtures.includes(fixture)),
        out,
        concurrency,
        command: 'replay',
        ...(args.backend === undefined || args.backend === 'engine' ? { model: modelRecorder(args) } : {}),
        onProgress: event => showProgress(progress, event),
        signal,
      })
      progress.done()
      if (!args.check) return await show({ folder: out, run, json: args.json === true, code: codeOf(run) })
      const goldens = args.golden ?? GOLDENS
      const judge = () => checkRun(out, goldens, { strictDrift: args['strict-drift'] === true })
      const checked = await judge()
      const { run: judged, exitCode } =
        (await updated({ args, update, run: checked.run, folder: out, goldens, judge })) ?? checked
      await writeOutputs(judged, args)
      return await show({ folder: out, run: judged, json: args.json === true, code: exitCode })
    } finally {
      progress.done()
      await backend.close()
    }
  },
})

/** Without goldens a run is good when every case was drawn, or ended in the fault that it is there for. */
function codeOf({ cases, complete }: Run): ExitCode {
  if (!complete) return ExitCode.interrupted
  return cases.every(result => result.state === 'ok' || faultedAsExpected(result)) ? ExitCode.ok : ExitCode.engine
}
