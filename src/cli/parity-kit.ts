import { mkdtemp, rm } from 'node:fs/promises'
import { homedir, hostname, tmpdir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { ExitCode, UsageError } from '../errors.js'
import { compareRuns } from '../harness/compare/compare-runs.js'
import { loadFixtures, selectFixtures } from '../harness/fixture/load.js'
import { makeKit } from '../harness/kit/make-kit.js'
import { privateOf } from '../harness/kit/scrub.js'
import { replay } from '../harness/replay.js'
import type { Run } from '../harness/run-schema.js'
import { renderGroups, renderMatrix } from '../report/matrix.js'
import { renderReport } from '../report/report.js'
import { renderTable } from '../report/table.js'
import { BACKEND_ARG, openBackend } from './backend-args.js'
import { command } from './command.js'
import { ENGINE_ARGS, modelRecorder } from './engine-args.js'
import { FIXTURES, GOLDENS, globs } from './places.js'
import { createProgress } from './progress.js'
import { showProgress } from './replay-progress.js'

export const parityKit = command({
  name: 'parity-kit',
  description:
    'Replay on this machine, compare, and write one file to send: page, run.json, environment; no paths, no keys, prompts by choice',
  args: {
    golden: { type: 'string', valueHint: 'DIR', description: 'Compare with these goldens [default: the shipped ones]' },
    against: {
      type: 'string',
      valueHint: 'RUN',
      description: "Compare with this run (a folder or a kit), e.g. another backend's",
    },
    fixtures: { type: 'string', valueHint: 'DIR', description: 'Folder of fixtures [default: the shipped ones]' },
    only: { type: 'string', valueHint: 'GLOBS', description: 'Cases to replay [default: all]' },
    run: { type: 'string', valueHint: 'DIR', description: 'Send this stored run instead of drawing' },
    prompts: { type: 'string', valueHint: 'keep|hash', description: 'What becomes of prompts [default: keep]' },
    out: {
      type: 'string',
      alias: 'o',
      valueHint: 'FILE',
      description: 'The file [default: horde-onnx-kit-CLASS-DATE.zip]',
    },
    backend: BACKEND_ARG,
    ...ENGINE_ARGS,
  },
  examples: [
    ['horde-onnx parity-kit', 'draws the shipped payloads here and packs what came out'],
    [
      'horde-onnx parity-kit --fixtures mine/ --catalogue models.yaml --against theirs.zip --prompts hash',
      'your own models and payloads, against what another backend drew of them',
    ],
  ],
  async run({ args, signal }) {
    const prompts = args.prompts ?? 'keep'
    if (prompts !== 'keep' && prompts !== 'hash')
      throw new UsageError(`--prompts must be keep or hash, got "${prompts}"`)
    if (args.golden !== undefined && args.against !== undefined) {
      throw new UsageError('--golden and --against exclude each other', { hint: 'a kit is compared with one thing' })
    }
    const folder = await mkdtemp(join(tmpdir(), 'horde-onnx-draw-'))
    try {
      const drawn = args.run ?? (await draw(join(folder, 'run'), args, signal))
      const judged = await judge(drawn, join(folder, 'judged'), args)
      const out = resolve(args.out ?? kitName(judged.run))
      const secrets = privateOf({
        home: homedir(),
        cwd: process.cwd(),
        temporary: tmpdir(),
        user: userInfo().username,
        host: hostname(),
        env: process.env,
      })
      const sent = await makeKit({ run: judged.folder, out, prompts, secrets, render: renderReport })
      const matrix = sent.comparison === undefined ? [] : [renderMatrix(sent.comparison), renderGroups(sent.comparison)]
      const parts = [renderTable(sent), ...matrix, `kit: ${out}`]
      process.stdout.write(`${parts.filter(part => part !== '').join('\n\n')}\n`)
      // A difference is what a kit is for; a kit that compares nothing is not.
      const compared = sent.cases.some(({ verdict }) => verdict !== undefined && verdict.verdict !== 'no-golden')
      return compared ? ExitCode.ok : ExitCode.noGolden
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
})

interface KitArgs {
  golden?: string | undefined
  against?: string | undefined
  fixtures?: string | undefined
  only?: string | undefined
  backend?: string | undefined
  catalogue?: string | undefined
  models?: string | undefined
  threads?: string | undefined
}

async function draw(out: string, args: KitArgs, signal: AbortSignal): Promise<string> {
  const all = await loadFixtures(args.fixtures ?? FIXTURES)
  const fixtures = selectFixtures(all, { only: globs(args.only) })
  const backend = await openBackend(args.backend, args)
  const progress = createProgress(process.stderr)
  try {
    await replay({
      backend,
      fixtures,
      unselected: all.filter(fixture => !fixtures.includes(fixture)),
      selection: { only: globs(args.only), of: all.length },
      out,
      concurrency: 2,
      command: 'parity-kit',
      ...(args.backend === undefined || args.backend === 'engine' ? { model: modelRecorder(args) } : {}),
      onProgress: event => showProgress(progress, event),
      signal,
    })
    return out
  } finally {
    progress.done()
    await backend.close()
  }
}

/** The run beside what it is compared with, in a folder of its own: nothing that is given is written to. */
async function judge(run: string, out: string, args: KitArgs): Promise<{ folder: string; run: Run }> {
  const reference = args.against ?? args.golden ?? GOLDENS
  const { runs } = await compareRuns({ reference, candidates: [run], out })
  const [first] = runs
  if (first === undefined) throw new UsageError('there is nothing to send')
  return first
}

function kitName({ environment, createdAt }: Run): string {
  return `horde-onnx-kit-${environment.class}-${createdAt.slice(0, 10)}.zip`
}
