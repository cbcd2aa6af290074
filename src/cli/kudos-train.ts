import { join } from 'node:path'
import Table from 'cli-table3'
import { ExitCode } from '../errors.js'
import { predictorOnnx } from '../harness/kudos/predictor/export-onnx.js'
import type { Predictor } from '../harness/kudos/predictor/predictor.js'
import { trainPredictor } from '../harness/kudos/predictor/train.js'
import { writeWhole } from '../harness/output.js'
import { readRun } from '../harness/run-store.js'
import { command, integer } from './command.js'

export const kudosTrain = command({
  name: 'kudos train',
  description: 'Fit times of recorded runs, so that any payload has a price on their machine; says how good it is',
  args: {
    runs: {
      type: 'positional',
      required: true,
      description:
        'Folders of runs of the same payloads, with commas between them; the fastest run of a payload counts',
    },
    out: {
      type: 'string',
      valueHint: 'DIR',
      description: 'Folder of predictor.json and predictor.onnx [default: predictor]',
    },
    seed: { type: 'string', description: 'Chooses the payloads that are held out [default: 1]' },
    json: { type: 'boolean', description: 'Print the predictor as JSON' },
  },
  examples: [
    ['horde-onnx kudos train runs/a,runs/b --out predictor', 'of two runs of the same payloads'],
    ['horde-onnx kudos pop.json --model predictor/predictor.json', 'prices a payload by this machine'],
  ],
  async run({ args }) {
    const seed = integer('seed', args.seed, { min: 0, max: 2 ** 31 }) ?? 1
    const folders = args.runs.split(',').filter(folder => folder.trim() !== '')
    const runs = await Promise.all(folders.map(folder => readRun(folder.trim(), { pictures: false })))
    const predictor = trainPredictor(runs, { seed })
    const out = args.out ?? 'predictor'
    await writeWhole(join(out, 'predictor.json'), `${JSON.stringify(predictor, undefined, 1)}\n`)
    await writeWhole(join(out, 'predictor.onnx'), predictorOnnx(predictor))
    process.stdout.write(
      args.json === true ? `${JSON.stringify(predictor)}\n` : `${render(predictor)}\n${join(out, 'predictor.json')}\n`,
    )
    return ExitCode.ok
  },
})

const STYLE = { style: { head: [], border: [], compact: true } }

function render({ accuracy, factors }: Predictor): string {
  const { heldOut, everyRun, trained, ceiling, floor, samples, classes, worst } = accuracy
  const percent = (value: number) => `${value.toFixed(1)} %`
  const scores = new Table({ head: ['accuracy', ''], ...STYLE })
  scores.push(
    [`held out (${samples.heldOut} payloads, of each the fastest run)`, percent(heldOut)],
    ['the same, every run', percent(everyRun)],
    [`trained on (${samples.trained} payloads)`, percent(trained)],
    [
      'ceiling: half of the runs as the prediction of the rest',
      ceiling === null ? 'nothing was drawn twice' : percent(ceiling),
    ],
    ['floor: a count of multiply-adds', percent(floor)],
  )
  const byClass = new Table({ head: ['worst classes', 'payloads', 'accuracy'], ...STYLE })
  for (const one of classes.slice(0, 8)) byClass.push([one.class, String(one.samples), percent(one.accuracy)])
  const cases = new Table({ head: ['worst payloads', 'took', 'predicted', 'accuracy'], ...STYLE })
  for (const one of worst.slice(0, 5)) {
    cases.push([one.id, `${one.seconds.toFixed(2)} s`, `${one.predicted.toFixed(2)} s`, percent(one.accuracy)])
  }
  const costs = new Table({ head: ['a unit of', 'costs'], ...STYLE })
  for (const { feature, seconds } of factors)
    if (seconds > 0) costs.push([feature, `${(1000 * seconds).toFixed(2)} ms`])
  return [scores, byClass, cases, costs].map(table => table.toString()).join('\n\n')
}
