import { ExitCode } from '../errors.js'
import { writeWhole } from '../harness/output.js'
import { readRun } from '../harness/run-store.js'
import { renderJunit } from '../report/junit.js'
import { renderMarkdown } from '../report/markdown.js'
import { renderReport } from '../report/report.js'
import { command } from './command.js'

export const report = command({
  name: 'report',
  description: 'Render a stored run again; nothing is drawn or judged again',
  args: {
    run: { type: 'positional', required: true, description: 'Folder of the run' },
    markdown: { type: 'string', valueHint: 'FILE', description: 'Also write Markdown, e.g. for a comment on a change' },
    junit: { type: 'string', valueHint: 'FILE', description: 'Also write JUnit XML' },
    json: { type: 'boolean', description: 'Print the paths as JSON' },
  },
  examples: [
    ['horde-onnx report runs/mine --junit junit.xml', 'writes report.html into the run, and JUnit for the CI'],
  ],
  async run({ args }) {
    const run = await readRun(args.run)
    const files: Record<string, string> = { page: await renderReport(args.run) }
    if (args.markdown !== undefined) {
      await writeWhole(args.markdown, renderMarkdown(run))
      files.markdown = args.markdown
    }
    if (args.junit !== undefined) {
      await writeWhole(args.junit, renderJunit(run))
      files.junit = args.junit
    }
    const text = args.json ? JSON.stringify(files, undefined, 2) : Object.values(files).join('\n')
    process.stdout.write(`${text}\n`)
    return ExitCode.ok
  },
})
