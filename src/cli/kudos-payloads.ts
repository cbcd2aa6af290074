import { join } from 'node:path'
import { ExitCode } from '../errors.js'
import { drawPayloads } from '../harness/kudos/predictor/draw-payloads.js'
import { writeWhole } from '../harness/output.js'
import { command, integer } from './command.js'

export const kudosPayloads = command({
  name: 'kudos payloads',
  description: 'Write payloads that a seed draws from the distribution of docs/kudos.md',
  args: {
    out: { type: 'positional', required: true, description: 'Folder of the payloads' },
    count: { type: 'string', description: 'How many [default: 120]' },
    seed: { type: 'string', description: 'Other seeds, other payloads [default: 1]' },
    model: { type: 'string', description: 'Name in the catalogue [default: pocket-sd15]' },
    largest: { type: 'string', description: 'Longest side in pixels [default: 256]' },
  },
  examples: [
    [
      'horde-onnx kudos payloads drawn && horde-onnx replay drawn --out runs/a --concurrency 1',
      'times of 120 payloads',
    ],
  ],
  async run({ args }) {
    const count = integer('count', args.count, { min: 1, max: 100_000 }) ?? 120
    const seed = integer('seed', args.seed, { min: 0, max: 2 ** 31 }) ?? 1
    const largest = integer('largest', args.largest, { min: 64, max: 3072 }) ?? 256
    for (const { id, payload } of drawPayloads({ count, seed, model: args.model ?? 'pocket-sd15', largest })) {
      await writeWhole(join(args.out, `${id}.json`), `${payload}\n`)
    }
    process.stdout.write(`${count} payloads in ${args.out}\n`)
    return ExitCode.ok
  },
})
