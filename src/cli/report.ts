import { ExitCode } from '../errors.js'
import { readRun } from '../harness/run-store.js'
import { renderReport } from '../report/report.js'
import { command, commandGroup, integer } from './command.js'
import { OUTPUT_ARGS, writeOutputs } from './outputs.js'

const render = command({
  name: 'report',
  description: 'Render a stored run again; nothing is drawn or judged again',
  args: {
    run: { type: 'positional', required: true, description: 'Folder of the run' },
    ...OUTPUT_ARGS,
    embed: {
      type: 'string',
      valueHint: 'MIB',
      description: 'Mebibytes of pictures that the page carries; the rest stay files beside it [default: 256]',
    },
    json: { type: 'boolean', description: 'Print the paths as JSON' },
  },
  examples: [
    ['horde-onnx report runs/mine --junit junit.xml', 'writes report.html into the run, and JUnit for the CI'],
    ['horde-onnx report runs/large --embed 1000', 'a page to be sent that carries a gigabyte of pictures'],
  ],
  async run({ args }) {
    const embed = integer('embed', args.embed, { min: 0, max: 4096 })
    const run = await readRun(args.run)
    const page = await renderReport(args.run, embed === undefined ? {} : { pictureBytes: embed * 2 ** 20 })
    const files = { page, ...(await writeOutputs(run, args)) }
    const text = args.json ? JSON.stringify(files, undefined, 2) : Object.values(files).join('\n')
    process.stdout.write(`${text}\n`)
    return ExitCode.ok
  },
})

export const report = commandGroup({
  name: 'report',
  about: 'the page of a run, and its other forms',
  commands: {
    publish: {
      about: 'Write what a release shows: page, Markdown, charts as PNG',
      load: async () => (await import('./report-publish.js')).reportPublish,
    },
    merge: { about: 'Put shards together', load: async () => (await import('./report-merge.js')).reportMerge },
  },
  otherwise: render,
})
