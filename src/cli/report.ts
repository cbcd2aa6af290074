import { ExitCode } from '../errors.js'
import { readRun } from '../harness/run-store.js'
import { renderReport } from '../report/report.js'
import { command, commandGroup } from './command.js'
import { OUTPUT_ARGS, writeOutputs } from './outputs.js'

const render = command({
  name: 'report',
  description: 'Render a stored run again; nothing is drawn or judged again',
  args: {
    run: { type: 'positional', required: true, description: 'Folder of the run' },
    ...OUTPUT_ARGS,
    json: { type: 'boolean', description: 'Print the paths as JSON' },
  },
  examples: [
    ['horde-onnx report runs/mine --junit junit.xml', 'writes report.html into the run, and JUnit for the CI'],
  ],
  async run({ args }) {
    const run = await readRun(args.run)
    const files = { page: await renderReport(args.run), ...(await writeOutputs(run, args)) }
    const text = args.json ? JSON.stringify(files, undefined, 2) : Object.values(files).join('\n')
    process.stdout.write(`${text}\n`)
    return ExitCode.ok
  },
})

export const report = commandGroup({
  name: 'report',
  about: 'the page of a run, and its other forms',
  commands: {
    merge: { about: 'Put shards together', load: async () => (await import('./report-merge.js')).reportMerge },
  },
  otherwise: render,
})
