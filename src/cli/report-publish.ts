import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ExitCode } from '../errors.js'
import { outputError, writeWhole } from '../harness/output.js'
import { readRun } from '../harness/run-store.js'
import { renderCharts } from '../report/charts.js'
import { renderMarkdown } from '../report/markdown.js'
import { renderReport } from '../report/report.js'
import { command } from './command.js'

export const reportPublish = command({
  name: 'report publish',
  description: 'Write what a release shows of a run: the page, Markdown with charts, and the charts as PNG',
  args: {
    run: { type: 'positional', required: true, description: 'Folder of the run' },
    out: {
      type: 'string',
      valueHint: 'DIR',
      required: true,
      description: 'Folder that gets report.html, report.md and the charts',
    },
    title: { type: 'string', description: 'Heading of the Markdown [default: backend and version]' },
  },
  examples: [['horde-onnx report publish runs/release --out reports/0.1.0', 'what ci/release-report does at its end']],
  async run({ args }) {
    const run = await readRun(args.run)
    const page = join(args.out, 'report.html')
    const charts = await renderCharts(run)
    for (const { name, png } of charts) await writeWhole(join(args.out, `${name}.png`), png)
    const pictures = charts.map(({ name }) => `![${name}](${name}.png)`).join('\n\n')
    const title = args.title ?? `${run.backend} ${run.version}`
    await writeWhole(join(args.out, 'report.md'), `# ${title}\n\n${renderMarkdown(run)}\n${pictures}\n`)
    const rendered = await renderReport(args.run)
    await copyFile(rendered, page).catch((cause: unknown) => {
      throw outputError(page, cause)
    })
    process.stdout.write(
      `${[page, join(args.out, 'report.md'), ...charts.map(({ name }) => join(args.out, `${name}.png`))].join('\n')}\n`,
    )
    return ExitCode.ok
  },
})
