import { join } from 'node:path'
import { ExitCode, FixtureError } from '../errors.js'
import { DEFAULT_LIMITS } from '../harness/gates/limits.js'
import { type Audit, auditGoldens, type Decision, type TooClose } from '../harness/golden/audit.js'
import { openGoldens, readGolden, withPictures } from '../harness/goldens.js'
import { groupBy } from '../harness/group-by.js'
import { command } from './command.js'
import { GOLDENS } from './places.js'

export const goldenAudit = command({
  name: 'golden audit',
  description:
    "Say which goldens are too close to another case's for pixels to gate, and which gate decides there instead",
  args: {
    golden: { type: 'string', valueHint: 'DIR', description: 'Folder of the goldens [default: the shipped ones]' },
    class: { type: 'string', valueHint: 'CLASS', description: 'Environment class [default: every one]' },
    json: { type: 'boolean', description: 'Print the pairs as JSON' },
  },
  examples: [['horde-onnx golden audit', 'pairs that pixels cannot tell apart; exit code 1 where nothing does']],
  async run({ args }) {
    const { folder, entries } = await openGoldens(args.golden ?? GOLDENS)
    const own = entries.filter(entry => entry.variant === 1 && (args.class ?? entry.class) === entry.class)
    if (own.length === 0) {
      const classes = [...new Set(entries.map(entry => entry.class))].join(', ')
      throw new FixtureError(`${folder} has no such goldens`, {
        hint: classes === '' ? 'approve a run first' : classes,
      })
    }
    const audits: Audit[] = []
    for (const [, listed] of groupBy(own, entry => entry.class)) {
      const goldens = await Promise.all(
        listed.map(async ({ file }) => withPictures(folder, await readGolden(join(folder, file)))),
      )
      audits.push(await auditGoldens(goldens, DEFAULT_LIMITS))
    }
    process.stdout.write(args.json ? `${JSON.stringify(audits, undefined, 2)}\n` : audits.map(text).join('\n'))
    const blind = audits.some(({ tooClose }) => tooClose.some(({ by }) => !isDecided(by.arithmetic)))
    return blind ? ExitCode.regression : ExitCode.ok
  },
})

const isDecided = ({ pixels, gate }: Decision) => pixels || gate !== undefined

const SECTIONS = [
  ['nothing tells them apart', ({ by }: TooClose) => !isDecided(by.arithmetic)],
  ['pixels cannot gate these anywhere; decided before them', ({ by }: TooClose) => !by.arithmetic.pixels],
  ['pixels cannot gate these across kinds of device', ({ by }: TooClose) => by.arithmetic.pixels && !by.other.pixels],
] as const

function text({ class: name, goldens, pairs, tooClose }: Audit): string {
  const lines = [`${name}: ${goldens} goldens, ${pairs} pairs of one size, ${tooClose.length} too close for pixels`]
  let rest = tooClose
  for (const [title, belongs] of SECTIONS) {
    const own = rest.filter(belongs)
    rest = rest.filter(pair => !own.includes(pair))
    if (own.length === 0) continue
    lines.push('', `  ${title}:`)
    for (const [approved, group] of groupBy(own, pair => pair.approved)) {
      lines.push(`    ${approved}: ${group.map(told).join(', ')}`)
    }
  }
  return `${lines.join('\n')}\n`
}

/** E.g. `euler-karras (62.1 dB; plan, plan elsewhere)`. */
function told({ drawn, psnr, by }: TooClose): string {
  const distance = psnr === null ? 'equal' : `${psnr.toFixed(1)} dB`
  const word = ({ pixels, gate }: Decision) => gate ?? (pixels ? 'pixels' : 'nothing')
  const [cpu, elsewhere] = [word(by.arithmetic), word(by.other)]
  return `${drawn} (${distance}; ${cpu === elsewhere ? cpu : `${cpu}, elsewhere ${elsewhere}`})`
}
