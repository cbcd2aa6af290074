import { resolve } from 'node:path'
import type { ExitCode } from '../errors.js'
import { exitCodeOf } from '../harness/check.js'
import { mergeRuns } from '../harness/merge.js'
import { command } from './command.js'
import { OUTPUT_ARGS, writeOutputs } from './outputs.js'
import { newRunFolder } from './places.js'
import { show } from './show.js'

export const reportMerge = command({
  name: 'report merge',
  description: 'Put the shards of a run together: one folder, one page, one decision. Nothing is drawn or judged again',
  args: {
    run: { type: 'positional', required: true, description: 'Folder of a run; more may follow' },
    out: { type: 'string', valueHint: 'DIR', description: 'Folder of the merged run [default: runs/merged-TIME]' },
    'allow-mixed-classes': { type: 'boolean', description: 'Although they are of several kinds of machine' },
    'allow-mixed-commits': { type: 'boolean', description: 'Although they are of several builds' },
    'allow-missing-shards': { type: 'boolean', description: 'Although a shard is missing; never green' },
    'strict-drift': { type: 'boolean', description: 'End with exit code 2 where something drifted' },
    json: { type: 'boolean', description: 'Print run.json instead of the table' },
    ...OUTPUT_ARGS,
  },
  more: true,
  examples: [
    ['horde-onnx report merge shard-1 shard-2 shard-3 --out run', 'the exit code is that of all cases together'],
  ],
  async run({ args }) {
    const out = resolve(args.out ?? newRunFolder('merged'))
    const run = await mergeRuns({
      runs: args._,
      out,
      allowMixedClasses: args['allow-mixed-classes'] === true,
      allowMixedCommits: args['allow-mixed-commits'] === true,
      allowMissingShards: args['allow-missing-shards'] === true,
    })
    await writeOutputs(run, args)
    const code: ExitCode = exitCodeOf(run, { strictDrift: args['strict-drift'] === true })
    return show({ folder: out, run, json: args.json === true, code })
  },
})
