import { readFile } from 'node:fs/promises'
import Table from 'cli-table3'
import { createEngine } from '../engine/create-engine.js'
import { writeWhole } from '../harness/output.js'
import { parityMarkdown, withTable } from '../harness/parity/markdown.js'
import { packModels, readPack } from '../harness/parity/pack.js'
import { type ParityCase, type ParityReport, runParity } from '../harness/parity/run-parity.js'
import { command } from './command.js'
import { ENGINE_ARGS, engineOptions } from './engine-args.js'
import { globs } from './places.js'
import { bar, createProgress } from './progress.js'

export const parity = command({
  name: 'parity',
  description: 'Draw the cases of a reference pack and say at which stage, and by how much, we leave the reference',
  args: {
    pack: { type: 'positional', required: true, description: 'Folder of the pack' },
    only: { type: 'string', valueHint: 'GLOBS', description: 'Cases to draw, e.g. "text-*,sampler-euler*"' },
    markdown: {
      type: 'string',
      valueHint: 'FILE',
      description: 'Also write the table as Markdown; into a page that marks its place, only there',
    },
    json: { type: 'boolean', description: 'Print the figures as JSON' },
    device: ENGINE_ARGS.device,
    dtype: { type: 'string', description: 'fp32 or fp16; the tolerances are for fp32 [default: fp32]' },
    threads: ENGINE_ARGS.threads,
  },
  examples: [
    ['horde-onnx parity fixtures/reference', 'compares with what ComfyUI computed for a few cases of the pocket model'],
    ['horde-onnx parity my-pack --only "text-*" --json', 'figures of every stage, for a script'],
  ],
  async run({ args, signal }) {
    const pack = await readPack(args.pack)
    const engine = await createEngine({
      ...engineOptions({ ...args, dtype: args.dtype ?? 'fp32' }),
      models: packModels(pack),
      adapterFolders: pack.modelFolders,
    })
    const progress = createProgress(process.stderr, { quiet: args.json === true })
    try {
      const report = await runParity({
        pack,
        engine,
        only: globs(args.only),
        onProgress: ({ id, done, total }) => progress.update(`${bar(done, total)} ${done}/${total} ${id}`),
        signal,
      })
      progress.done()
      if (args.markdown !== undefined) {
        const page = await readFile(args.markdown, 'utf8').catch(() => undefined)
        await writeWhole(args.markdown, withTable(page, parityMarkdown(report)))
      }
      process.stdout.write(args.json ? `${JSON.stringify(report, undefined, 1)}\n` : `${render(report)}\n`)
      return report.exitCode
    } finally {
      progress.done()
      await engine.close()
    }
  },
})

function render({ cases, totals, interrupted }: ParityReport): string {
  const table = new Table({
    head: ['case', 'verdict', 'embeddings', 'encoded', 'noise', 'sigmas', 'latent', 'limit', 'pixels', 'leaves at'],
    style: { head: [], border: [], compact: true },
  })
  for (const one of cases) {
    table.push([one.id, one.verdict, ...figures(one), one.leavesAt ?? (one.stages.length === 0 ? one.reason : '')])
  }
  const counts = (['pass', 'fail', 'error', 'unsupported'] as const).map(verdict => `${totals[verdict]} ${verdict}`)
  const worst = [
    ...(totals.latent === null ? [] : [`worst latent ${totals.latent.toExponential(1)}`]),
    ...(totals.psnr === null ? [] : [`lowest PSNR ${totals.psnr.toFixed(1)} dB`]),
    ...(interrupted ? ['interrupted'] : []),
  ]
  return `${table.toString()}\n${[...counts, ...worst].join(', ')}`
}

function figures({ stages }: ParityCase): string[] {
  const of = (name: string) => stages.find(({ stage }) => stage === name)
  const embeddings = stages.flatMap(({ stage, figure }) => (stage.includes('cond') && figure !== null ? [figure] : []))
  const error = (figure: number | null | undefined) =>
    figure === null || figure === undefined ? '' : figure.toExponential(1)
  const latent = of('latent')
  const pixels = of('pixels')
  return [
    embeddings.length === 0 ? '' : error(Math.max(...embeddings)),
    error(of('encoded')?.figure),
    error(of('noise')?.figure),
    error(of('sigmas')?.figure),
    error(latent?.figure),
    error(latent?.limit),
    pixels === undefined ? '' : pixels.figure === null ? 'identical' : `${pixels.figure.toFixed(1)} dB`,
  ]
}
