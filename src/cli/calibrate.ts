import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { engineBackend } from '../backends/engine-backend.js'
import { createEngine } from '../engine/create-engine.js'
import { ExitCode } from '../errors.js'
import { calibrate as calibrateClass, type Setting } from '../harness/calibration/calibrate.js'
import { loadFixtures, selectFixtures } from '../harness/fixture/load.js'
import { command, integer } from './command.js'
import { ENGINE_ARGS, engineOptions } from './engine-args.js'
import { FIXTURES, GOLDENS, globs } from './places.js'
import { bar, createProgress } from './progress.js'

export const calibrate = command({
  name: 'calibrate',
  description:
    'Draw cases again and again, across threads and batches, and keep how far the renders were apart beside the goldens',
  args: {
    fixtures: { type: 'positional', required: false, description: 'Fixtures to draw [default: the shipped ones]' },
    only: { type: 'string', valueHint: 'GLOBS', description: 'Cases to draw [default: all]' },
    repeats: { type: 'string', description: 'Renders by each setting [default: 2]' },
    golden: { type: 'string', valueHint: 'DIR', description: 'Folder of the goldens [default: the shipped ones]' },
    json: { type: 'boolean', description: 'Print the calibration' },
    ...ENGINE_ARGS,
  },
  examples: [
    [
      'horde-onnx calibrate --only "sampler-*" --golden my-goldens',
      'check then allows three times the noise of each case',
    ],
  ],
  async run({ args, signal }) {
    const fixtures = selectFixtures(await loadFixtures(args.fixtures ?? FIXTURES), { only: globs(args.only) })
    const repeats = integer('repeats', args.repeats, { min: 1, max: 1000 }) ?? 2
    const options = engineOptions(args)
    const open = (more: object) => async () => engineBackend(await createEngine({ ...options, ...more }))
    const settings: Setting[] = [
      { name: 'alone', open: open({ deterministic: true }) },
      { name: 'one thread', open: open({ deterministic: true, threads: 1 }) },
      { name: 'batches of four', concurrency: 4, open: open({ inFlight: 4 }) },
    ]
    const work = await mkdtemp(join(tmpdir(), 'calibrate-'))
    const progress = createProgress(process.stderr, { quiet: args.json === true })
    try {
      const { file, calibration } = await calibrateClass({
        settings,
        fixtures,
        repeats,
        work,
        goldens: args.golden ?? GOLDENS,
        signal,
        onProgress: ({ setting, render, cases, of }) =>
          progress.update(`${bar(cases, of)} ${setting}, render ${render + 1} of ${repeats}: ${cases}/${of}`),
      })
      progress.done()
      const drawn = fixtures.flatMap(({ id }) => calibration.cases[id] ?? [])
      const exact = drawn.filter(({ repeatable, rms }) => repeatable && rms === 0).length
      const worst = Math.max(0, ...drawn.map(({ rms }) => rms))
      const latent = Math.max(0, ...drawn.map(({ stages }) => stages.last))
      if (args.json) process.stdout.write(`${JSON.stringify(calibration, undefined, 2)}\n`)
      else {
        process.stdout.write(
          `${drawn.length} cases: ${exact} the same by every setting; the others at most ${worst.toPrecision(2)} levels (root mean square) and ${latent.toPrecision(2)} of their latents apart\n${file}\n`,
        )
      }
      return ExitCode.ok
    } finally {
      progress.done()
      await rm(work, { recursive: true, force: true })
    }
  },
})
