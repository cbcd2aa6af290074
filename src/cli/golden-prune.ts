import { ExitCode } from '../errors.js'
import { assertWhole, goldenState, readGoldens, removeGoldens } from '../harness/golden/obsolete.js'
import { openGoldens } from '../harness/goldens.js'
import { readRun } from '../harness/run-store.js'
import { command } from './command.js'
import { GOLDENS } from './places.js'

export const goldenPrune = command({
  name: 'golden prune',
  description: 'Remove goldens that a complete run did not replay. A run of a part of the fixtures is refused',
  args: {
    run: { type: 'string', required: true, valueHint: 'DIR', description: 'The run of all fixtures' },
    golden: { type: 'string', valueHint: 'DIR', description: 'Folder of the goldens [default: the shipped ones]' },
    outdated: { type: 'boolean', description: 'Also those of another version or payload of their fixture' },
    yes: { type: 'boolean', description: 'Remove them; without it they are only listed' },
    json: { type: 'boolean', description: 'Print the goldens as JSON' },
  },
  examples: [['horde-onnx golden prune --run runs/all --yes', 'after fixtures were removed']],
  async run({ args }) {
    const folder = args.golden ?? GOLDENS
    const run = await readRun(args.run, { pictures: false })
    assertWhole(run)
    const set = await openGoldens(folder)
    const all = await readGoldens(set)
    const doomed = all.filter(stored => {
      const state = goldenState(stored, run)
      return state === 'obsolete' || (args.outdated === true && state === 'outdated')
    })
    if (args.yes) await removeGoldens(set, all, doomed)
    const files = doomed.map(({ entry }) => entry.file)
    if (args.json)
      process.stdout.write(`${JSON.stringify({ folder, removed: args.yes === true, files }, undefined, 2)}\n`)
    else {
      const did = args.yes ? 'removed' : 'would be removed: give --yes to do it'
      process.stdout.write(`${[...files, `${files.length} of ${all.length} goldens ${did}`].join('\n')}\n`)
    }
    return ExitCode.ok
  },
})
