import { checkRun } from '../harness/check.js'
import { command } from './command.js'
import { OUTPUT_ARGS, writeOutputs } from './outputs.js'
import { GOLDENS } from './places.js'
import { show } from './show.js'

export const check = command({
  name: 'check',
  description: 'Judge a stored run against the goldens; nothing is drawn again',
  args: {
    run: { type: 'positional', required: true, description: 'Folder of the run' },
    golden: { type: 'string', valueHint: 'DIR', description: 'Folder of the goldens [default: the shipped ones]' },
    'strict-drift': { type: 'boolean', description: 'End with exit code 2 where something drifted' },
    ...OUTPUT_ARGS,
    json: { type: 'boolean', description: 'Print run.json instead of the table' },
  },
  examples: [['horde-onnx check runs/mine --golden my-goldens', 'judges a run; exit code 1 means a regression']],
  async run({ args }) {
    const { run, exitCode } = await checkRun(args.run, args.golden ?? GOLDENS, {
      strictDrift: args['strict-drift'] === true,
    })
    await writeOutputs(run, args)
    return show({ folder: args.run, run, json: args.json === true, code: exitCode })
  },
})
