import { resolve } from 'node:path'
import { UsageError } from '../errors.js'
import { compareRuns } from '../harness/compare/compare-runs.js'
import { writeWhole } from '../harness/output.js'
import { renderComparison } from '../report/markdown.js'
import { renderGroups, renderMatrix } from '../report/matrix.js'
import { renderReport } from '../report/report.js'
import { command } from './command.js'
import { newRunFolder } from './places.js'

export const compare = command({
  name: 'compare',
  description: 'Compare runs with a reference: another run, or a set of goldens. The feature parity matrix comes first',
  args: {
    reference: {
      type: 'positional',
      required: true,
      description: 'What is compared with: a run or a folder of goldens',
    },
    run: { type: 'positional', required: false, description: 'The run; more of them become more columns' },
    out: { type: 'string', valueHint: 'DIR', description: 'Folder of the comparison [default: runs/compare-TIME]' },
    common: { type: 'boolean', description: 'Cases that only one side has do not count' },
    'strict-drift': { type: 'boolean', description: 'End with exit code 2 where something drifted' },
    markdown: { type: 'string', valueHint: 'FILE', description: 'Also write Markdown' },
    json: { type: 'boolean', description: 'Print comparison.json instead of the tables' },
  },
  more: true,
  examples: [
    ['horde-onnx compare runs/last-release runs/today', 'what changed since; exit code 1 where a picture did'],
    ['horde-onnx compare runs/comfyui runs/ours tester.zip', 'one column for each run behind the first'],
    ['horde-onnx compare golden/ runs/today', 'a run against the goldens, without writing into it'],
  ],
  async run({ args }) {
    const [, ...candidates] = args._
    if (candidates.length === 0) {
      throw new UsageError('compare needs two runs', { hint: 'the first is what the others are compared with' })
    }
    const out = resolve(args.out ?? newRunFolder('compare'))
    const { comparison, runs, exitCode } = await compareRuns({
      reference: args.reference,
      candidates,
      out,
      common: args.common === true,
      strictDrift: args['strict-drift'] === true,
    })
    const pages: string[] = []
    for (const { folder } of runs) pages.push(await renderReport(folder))
    if (args.markdown !== undefined) await writeWhole(args.markdown, renderComparison(comparison))
    if (args.json) process.stdout.write(`${JSON.stringify(comparison, undefined, 1)}\n`)
    else {
      const colour = process.stdout.isTTY === true && !process.env.NO_COLOR
      const parts = [
        renderMatrix(comparison, { colour }),
        renderGroups(comparison),
        uncompared(comparison.uncompared),
        pages.map(page => `report: ${page}`).join('\n'),
      ]
      process.stdout.write(`${parts.filter(part => part !== '').join('\n\n')}\n`)
    }
    return exitCode
  },
})

/** Reasons that are told in full. */
const TOLD = 10

function uncompared(cases: readonly { id: string; reason: string }[]): string {
  if (cases.length === 0) return ''
  const lines = cases.slice(0, TOLD).map(({ id, reason }) => `  ${id}: ${reason}`)
  const more = cases.length > TOLD ? [`  … and ${cases.length - TOLD} more`] : []
  return [`not compared: ${cases.length}`, ...lines, ...more].join('\n')
}
