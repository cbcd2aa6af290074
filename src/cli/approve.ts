import { userInfo } from 'node:os'
import { ExitCode } from '../errors.js'
import { approve as approveRun } from '../harness/goldens.js'
import { command } from './command.js'
import { GOLDENS, globs } from './places.js'

export const approve = command({
  name: 'approve',
  description: 'Make stored pictures of a run the goldens of its environment class; nothing is drawn again',
  args: {
    run: { type: 'positional', required: true, description: 'Folder of the run' },
    reason: { type: 'string', required: true, description: 'Why these pictures are right, for whoever asks later' },
    only: { type: 'string', valueHint: 'GLOBS', description: 'Cases to approve [default: all]' },
    golden: { type: 'string', valueHint: 'DIR', description: 'Folder of the goldens [default: the shipped ones]' },
    who: { type: 'string', description: 'Who approves [default: the name of the user]' },
    json: { type: 'boolean', description: 'Print the approved ids as JSON' },
  },
  examples: [
    [
      'horde-onnx approve runs/mine --reason "ddim follows ComfyUI now" --only "sampler-ddim*"',
      'accepts what a change made of some cases',
    ],
  ],
  async run({ args }) {
    const goldens = args.golden ?? GOLDENS
    const approved = await approveRun({
      run: args.run,
      goldens,
      cases: globs(args.only),
      reason: args.reason,
      who: args.who ?? userInfo().username,
    })
    if (args.json) process.stdout.write(`${JSON.stringify({ goldens, approved }, undefined, 2)}\n`)
    else process.stdout.write(`${approved.join('\n')}\n${approved.length} approved in ${goldens}\n`)
    return ExitCode.ok
  },
})
