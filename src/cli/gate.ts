import { resolve } from 'node:path'
import { engineBackend } from '../backends/engine-backend.js'
import { createEngine, type EngineOptions } from '../engine/create-engine.js'
import { checkRun } from '../harness/check.js'
import { loadFixtures, selectFixtures } from '../harness/fixture/load.js'
import { parseShard, shardFixtures } from '../harness/fixture/shard.js'
import { type GateConfig, loadGateConfig } from '../harness/gate/config.js'
import type { PlannedCase } from '../harness/gate/plan-stage.js'
import { runGate } from '../harness/gate/run-gate.js'
import { oneLine } from '../report/format.js'
import { command } from './command.js'
import { ENGINE_ARGS, engineOptions, modelRecorder } from './engine-args.js'
import { OUTPUT_ARGS, writeOutputs } from './outputs.js'
import { FIXTURES, GOLDENS, globs, newRunFolder } from './places.js'
import { createProgress, duration } from './progress.js'
import { showProgress } from './replay-progress.js'
import { show } from './show.js'
import { UPDATE_ARGS, updated, updateMode } from './update-args.js'

export const gate = command({
  name: 'gate',
  description: 'Plan, replay and check by one configuration file, and decide: exit code 0 means that all of it passed',
  args: {
    config: {
      type: 'string',
      valueHint: 'FILE',
      description: 'Configuration [default: horde-onnx.yaml, where there is one]',
    },
    only: { type: 'string', valueHint: 'GLOBS', description: 'Cases, instead of those of the configuration' },
    shard: { type: 'string', valueHint: 'I/N', description: 'Only this part of the cases, for N machines' },
    'plan-only': { type: 'boolean', description: 'Only compare the plans; nothing is drawn' },
    fixtures: { type: 'string', valueHint: 'DIR', description: 'Folder of fixtures [default: the shipped ones]' },
    golden: { type: 'string', valueHint: 'DIR', description: 'Folder of the goldens [default: the shipped ones]' },
    out: { type: 'string', valueHint: 'DIR', description: 'Folder of the run [default: runs/TIME]' },
    'strict-drift': { type: 'boolean', description: 'End with exit code 2 where something drifted' },
    json: { type: 'boolean', description: 'Print run.json instead of the table' },
    ...UPDATE_ARGS,
    ...OUTPUT_ARGS,
    ...ENGINE_ARGS,
  },
  examples: [
    ['horde-onnx gate', 'the shipped fixtures, or what horde-onnx.yaml says'],
    ['horde-onnx gate --plan-only', 'seconds: was the same thing decided for every payload?'],
    ['horde-onnx gate --shard 1/3 --out shard-1', 'the first of three machines; report merge decides for all'],
  ],
  async run({ args, signal }) {
    const config = withArgs(await loadGateConfig(args.config), args)
    const update = updateMode(args)
    const goldens = config.golden ?? GOLDENS
    const all = await loadFixtures(config.fixtures ?? FIXTURES)
    const only = config.only ?? []
    const chosen = selectFixtures(all, { only })
    const shard = args.shard === undefined ? undefined : parseShard(args.shard)
    const fixtures = shard === undefined ? chosen : shardFixtures(chosen, shard)
    const out = resolve(args.out ?? newRunFolder('gate'))
    const places = { ...args, catalogue: config.catalogue, models: config.models }
    const threads = args.threads ?? config.threads?.toString()
    const settings = engineOptions({ ...places, threads })
    const engine = await createEngine({ ...settings, deterministic: true })
    // What is stressed is the engine: the embedded model will do.
    const { catalogue: _, modelFolders: __, ...bare } = settings
    const quiet = args.json === true
    const progress = createProgress(process.stderr, { quiet })
    try {
      const outcome = await runGate({
        config,
        engine,
        // One machine of several is enough to see whether jobs harm each other.
        ...(shard === undefined || shard.index === 1
          ? { openEngine: (options: EngineOptions) => createEngine({ ...bare, ...options }) }
          : {}),
        backend: engineBackend(engine),
        fixtures,
        unselected: all.filter(fixture => !fixtures.includes(fixture)),
        selection: { only, of: all.length, ...(shard && { shard }) },
        goldens,
        out,
        model: modelRecorder(places),
        onProgress: event => showProgress(progress, event),
        onStage: (stage, plans) => {
          progress.done()
          if (!quiet) process.stderr.write(`${stage.name}: ${stage.says} (${duration(stage.ms)})\n${planText(plans)}`)
        },
        signal,
      })
      progress.done()
      if (outcome.run === undefined) {
        const { stages, plans } = outcome
        const text = quiet ? JSON.stringify({ stages, plans }, undefined, 1) : stages.map(({ says }) => says).join('\n')
        process.stdout.write(`${text}\n`)
        return outcome.exitCode
      }
      const options = { strictDrift: config.strict_drift }
      const judge = () => checkRun(out, goldens, options)
      const after = await updated({ args, update, run: outcome.run, folder: out, goldens, judge })
      const run = after?.run ?? outcome.run
      // What was approved by this very run no longer counts against it.
      const code = after?.exitCode ?? outcome.exitCode
      await writeOutputs(run, {
        ...args,
        junit: args.junit ?? config.junit,
        markdown: args.markdown ?? config.markdown,
      })
      return await show({ folder: out, run, json: quiet, code })
    } finally {
      progress.done()
      await engine.close()
    }
  },
})

interface Overrules {
  only?: string | undefined
  fixtures?: string | undefined
  golden?: string | undefined
  catalogue?: string | undefined
  models?: string | undefined
  'plan-only'?: boolean | undefined
  'strict-drift'?: boolean | undefined
}

/** The command line overrules the file. */
function withArgs(config: GateConfig, args: Overrules): GateConfig {
  const { fixtures, golden, catalogue, models } = args
  const given = Object.entries({ fixtures, golden, catalogue, models }).filter(([, value]) => value !== undefined)
  return {
    ...config,
    ...Object.fromEntries(given),
    ...(args.only === undefined ? {} : { only: globs(args.only) }),
    ...(args['plan-only'] ? { stages: ['plan'] } : {}),
    strict_drift: config.strict_drift || args['strict-drift'] === true,
  }
}

/** Plans that changed are worth a line each, at once; the rest is counted. */
function planText(plans: readonly PlannedCase[] | undefined): string {
  const told = (plans ?? []).filter(({ verdict }) => verdict === 'fail' || verdict === 'error')
  return told.map(({ id, verdict, reason }) => `  ${id} ${verdict}: ${oneLine(reason, 200)}\n`).join('')
}
