import Table from 'cli-table3'
import { ExitCode, FixtureError } from '../errors.js'
import { globMatcher } from '../harness/glob.js'
import { assertWhole, goldenState, readGoldens } from '../harness/golden/obsolete.js'
import { openGoldens } from '../harness/goldens.js'
import { readRun } from '../harness/run-store.js'
import { oneLine } from '../report/format.js'
import { command } from './command.js'
import { GOLDENS, globs } from './places.js'

export const goldenList = command({
  name: 'golden list',
  description: 'List what is approved: class, case, variant, by whom, when and why',
  args: {
    golden: { type: 'string', valueHint: 'DIR', description: 'Folder of the goldens [default: the shipped ones]' },
    only: { type: 'string', valueHint: 'GLOBS', description: 'Cases to list [default: all]' },
    class: { type: 'string', valueHint: 'GLOBS', description: 'Environment classes to list [default: all]' },
    run: { type: 'string', valueHint: 'DIR', description: 'A complete run, to tell which goldens are obsolete by' },
    json: { type: 'boolean', description: 'Print the goldens as JSON' },
  },
  examples: [
    ['horde-onnx golden list --only "hires-*"', 'who approved these, and why'],
    ['horde-onnx golden list --run runs/all --json', 'with the state of each: current, outdated, obsolete'],
  ],
  async run({ args }) {
    const folder = args.golden ?? GOLDENS
    const set = await openGoldens(folder)
    const matcher = (text: string | undefined) => (globs(text).length === 0 ? () => true : globMatcher(globs(text)))
    const [byCase, byClass] = [matcher(args.only), matcher(args.class)]
    const entries = set.entries.filter(entry => byCase(entry.case) && byClass(entry.class))
    if (entries.length === 0) {
      throw new FixtureError(`${folder} has no such goldens`, {
        hint: set.entries.length === 0 ? 'approve a run first' : `it has ${set.entries.length}`,
      })
    }
    const run = args.run === undefined ? undefined : await readRun(args.run, { pictures: false })
    if (run !== undefined) assertWhole(run)
    const listed = (await readGoldens({ folder, entries })).map(stored => ({
      class: stored.entry.class,
      case: stored.entry.case,
      variant: stored.entry.variant,
      ...(run === undefined ? {} : { state: goldenState(stored, run) }),
      ...stored.golden.approved,
    }))
    if (args.json) {
      process.stdout.write(`${JSON.stringify({ folder, goldens: listed }, undefined, 2)}\n`)
      return ExitCode.ok
    }
    const head = ['class', 'case', 'variant', ...(run === undefined ? [] : ['state']), 'by', 'at', 'commit', 'reason']
    const table = new Table({ head, style: { head: [], border: [], compact: true } })
    for (const each of listed) {
      table.push([
        each.class,
        each.case,
        each.variant,
        ...('state' in each ? [each.state] : []),
        oneLine(each.by, 20),
        each.at.slice(0, 10),
        each.commit?.slice(0, 9) ?? each.version,
        oneLine(each.reason, 60),
      ])
    }
    process.stdout.write(`${table.toString()}\n${listed.length} in ${folder}\n`)
    return ExitCode.ok
  },
})
