/** Runs and goldens that are damaged, edited or hostile, through every command that reads them. */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { approve } from '../src/harness/golden/approve.js'
import { mergeRuns } from '../src/harness/merge.js'
import type { Run } from '../src/harness/run-schema.js'
import { renderAnnotations } from '../src/report/github.js'
import { renderJunit } from '../src/report/junit.js'
import { renderMarkdown } from '../src/report/markdown.js'
import { writeSyntheticRun } from './report/synthetic-run.js'
import { cli, temporaryFolder } from './support/cli.js'

const folder = temporaryFolder('bad-run')
const whole = join(folder, 'whole')

beforeAll(async () => {
  await writeSyntheticRun(whole, [{ id: 'a' }, { id: 'b' }])
})

let copies = 0
/** A copy of the whole run with one thing wrong. */
function damaged(change: (run: string) => void): string {
  const copy = join(folder, `copy-${copies++}`)
  cpSync(whole, copy, { recursive: true })
  change(copy)
  return copy
}

function edited(edit: (run: Run) => void): string {
  return damaged(copy => {
    const file = join(copy, 'run.json')
    const run: Run = JSON.parse(readFileSync(file, 'utf8'))
    edit(run)
    writeFileSync(file, JSON.stringify(run))
  })
}

const text = (copy: string) => join(copy, 'run.json')

const DAMAGE: [string, () => string, RegExp][] = [
  [
    'half written',
    () => damaged(copy => writeFileSync(text(copy), readFileSync(text(copy)).subarray(0, 900))),
    /half written/,
  ],
  ['empty', () => damaged(copy => writeFileSync(text(copy), '')), /half written/],
  ['gone', () => damaged(copy => rmSync(text(copy))), /no readable run/],
  [
    'of a later schema',
    () => edited(run => Object.assign(run, { schema: 'horde-onnx/run@7' })),
    /schema must be "horde-onnx\/run@1"/,
  ],
  ['edited into another type', () => edited(run => Object.assign(run, { cases: 'none' })), /run\.json: cases: /],
  ['without a picture', () => damaged(copy => rmSync(join(copy, '0.0.png'))), /0\.0\.png is missing or damaged/],
  [
    'with a picture cut off',
    () => damaged(copy => writeFileSync(join(copy, '0.0.png'), readFileSync(join(copy, '0.0.png')).subarray(0, 500))),
    /0\.0\.png is missing or damaged/,
  ],
  [
    'with another picture',
    () => damaged(copy => cpSync(join(copy, '1.0.png'), join(copy, '0.0.png'))),
    /not the one that was drawn/,
  ],
  [
    'with a picture elsewhere',
    () =>
      edited(run => {
        const [image] = run.cases[0]?.images ?? []
        if (image) image.file = '../../../etc/passwd'
      }),
    /outside of the folder/,
  ],
]

describe('a run that is', () => {
  it.each(DAMAGE)('%s is refused by check, approve, compare and merge, and left as it is', async (_, make, message) => {
    const run = make()
    const before = readdirSync(run).map(name => [
      name,
      name.endsWith('.json') ? readFileSync(join(run, name), 'utf8') : '',
    ])
    const none = join(folder, 'none')
    const commands = [
      ['check', run, '--golden', none],
      ['compare', whole, run, '--out', join(folder, `out-${copies}`)],
    ]
    for (const { exitCode, stderr } of await Promise.all(commands.map(args => cli(args)))) {
      expect(stderr).toMatch(message)
      expect(stderr).not.toContain('    at ')
      expect(exitCode).toBe(4)
    }
    // The same readers behind other commands.
    const approval = { run, goldens: none, reason: 'r', who: 'us', allowOtherCommit: true }
    await expect(approve(approval)).rejects.toThrow(message)
    await expect(mergeRuns({ runs: [run], out: join(folder, `merged-${copies}`) })).rejects.toThrow(message)
    const after = readdirSync(run).map(name => [
      name,
      name.endsWith('.json') ? readFileSync(join(run, name), 'utf8') : '',
    ])
    expect(after).toEqual(before)
    expect(existsSync(join(folder, 'none'))).toBe(false)
  })
})

describe('text of strangers', () => {
  const HOSTILE =
    '</td><script>alert(1)</script> | `x` ![a](javascript:alert(1)) @everyone \u202egnp.exe\u0000\n::error::owned\r\n## heading'
  const run = async () =>
    writeSyntheticRun(
      join(folder, `hostile-${copies++}`),
      [{ id: 'a', prompt: `${HOSTILE}${'x'.repeat(100_000)}`, title: HOSTILE, features: [HOSTILE], change: 'block' }],
      made => {
        const [result] = made.cases
        if (result?.verdict === undefined) return
        result.verdict = {
          ...result.verdict,
          reason: HOSTILE,
          difference: { fingerprint: '0123456789ab', says: HOSTILE },
        }
        made.waivers = [
          { case: HOSTILE, gate: '*', owner: HOSTILE, reason: HOSTILE, expires: '2020-01-01', state: 'expired' },
        ]
        made.stages = [{ name: 'plan', exitCode: 1, says: HOSTILE, ms: 1 }]
        const side = { name: HOSTILE, kind: 'run' as const, classes: [HOSTILE], cases: 1 }
        const cell = {
          standing: 'different' as const,
          counts: { different: 1 },
          cases: [{ id: 'a', standing: 'different' as const }],
        }
        made.comparison = {
          schema: 'horde-onnx/comparison@1',
          reference: side,
          candidates: [side],
          matrix: [{ feature: HOSTILE, cells: [cell] }],
          groups: [
            {
              fingerprint: '0123456789ab',
              candidate: 0,
              gate: 'pixels',
              verdict: 'fail',
              says: HOSTILE,
              cases: ['a'],
              features: [HOSTILE],
            },
          ],
          uncompared: [],
        }
      },
    )

  it('is one line of a table in Markdown, without tags, links or mentions', async () => {
    const markdown = renderMarkdown(await run())
    const outside = markdown.replace(/(`+)[^`].*?\1/g, '')
    expect(outside).not.toMatch(/<script|(?<!\\)!\[|@everyone|\u202e/)
    expect(outside).not.toContain('\0')
    expect(outside).not.toMatch(/^(?:::error|## heading)/m)
    expect(markdown.length).toBeLessThan(65_536)
  })

  it('starts no command of GitHub', async () => {
    const lines = renderAnnotations(await run())
      .trimEnd()
      .split('\n')
    expect(lines.length).toBe(2)
    for (const line of lines) expect(line).toMatch(/^::(error|warning) title=[^:,]*::/)
  })

  it('stays text in JUnit', async () => {
    const xml = renderJunit(await run())
    expect(xml).not.toContain('<script')
    expect(xml).not.toContain('\0')
    expect(xml.match(/<testcase /g)).toHaveLength(2)
  })
})
