import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { exitCodeOf } from '../check.js'
import type { CaseVerdict, Run } from '../run-schema.js'
import { blot, caseOf } from '../testing.js'
import { readWaivers, type Waiver, waive, waiversOf } from './waivers.js'

const TODAY = '2026-11-27'

const waiver = (more: Partial<Waiver> = {}): Waiver => ({
  case: 'hires-*',
  gate: 'pixels',
  owner: 'robin',
  reason: 'seam of the old VAE',
  expires: '2027-01-31',
  ...more,
})

const failed = (...gates: string[]): CaseVerdict => ({
  verdict: 'fail',
  gate: gates[0] ?? 'pixels',
  reason: 'another picture',
  gates: ['contract', 'plan', 'pixels'].map(gate => ({
    gate,
    verdict: gates.includes(gate) ? 'fail' : 'pass',
    reason: '',
    metrics: {},
  })),
})

const judged = (verdict: CaseVerdict, waivers: Waiver[], id = 'hires-2x') =>
  waive(verdict, { id, waivers, today: TODAY })

describe('a waiver', () => {
  test('leaves the case visible as waived, with what is wrong', () => {
    expect(judged(failed('pixels'), [waiver()])).toMatchObject({
      verdict: 'waived',
      reason: 'waived by robin until 2027-01-31: seam of the old VAE; another picture',
      gate: 'pixels',
      waiver: { owner: 'robin' },
    })
  })

  test.each([
    ['another case', waiver({ case: 'img2img-*' })],
    ['another gate', waiver({ gate: 'plan' })],
  ])('of %s waives nothing', (_, other) => {
    expect(judged(failed('pixels'), [other])).toEqual(failed('pixels'))
  })

  test('has to cover every gate that did not pass', () => {
    expect(judged(failed('plan', 'pixels'), [waiver()]).verdict).toBe('fail')
    expect(judged(failed('plan', 'pixels'), [waiver(), waiver({ gate: 'plan' })]).verdict).toBe('waived')
    expect(judged(failed('plan', 'pixels'), [waiver({ gate: '*' })]).verdict).toBe('waived')
  })

  test('counts through its last day, and waives nothing after it', () => {
    expect(judged(failed('pixels'), [waiver({ expires: TODAY })]).verdict).toBe('waived')
    expect(judged(failed('pixels'), [waiver({ expires: '2026-11-26' })])).toMatchObject({
      verdict: 'fail',
      reason: 'the waiver by robin expired on 2026-11-26; another picture',
    })
  })

  test('that has expired fails the run even where its case passes', () => {
    const pass: CaseVerdict = { ...failed(), verdict: 'pass' }
    const cases = [{ ...caseOf('hires-2x', blot(1)), verdict: pass }]
    const run = (waivers: Waiver[]) =>
      ({ cases, complete: true, pending: [], waivers: waiversOf({ cases }, waivers, TODAY) }) as unknown as Run
    expect(exitCodeOf(run([waiver()]))).toBe(0)
    expect(run([waiver()]).waivers).toMatchObject([{ state: 'unused' }])
    expect(exitCodeOf(run([waiver({ expires: '2026-11-01' })]))).toBe(1)
    // Nothing that concerns the run: a part of the fixtures is not failed by the waivers of the rest.
    expect(exitCodeOf(run([waiver({ case: 'zzz', expires: '2026-11-01' })]))).toBe(0)
  })
})

describe('waivers.yaml', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'waivers-'))
  afterAll(() => rm(folder, { recursive: true }))
  const read = async (text: string) => {
    await writeFile(join(folder, 'waivers.yaml'), text)
    return readWaivers(folder)
  }

  test('is read; none is no waiver', async () => {
    const text = `version: 1\nwaivers:\n  - case: "hires-*"\n    gate: pixels\n    owner: robin\n    reason: seam of the old VAE\n    expires: 2027-01-31\n`
    expect(await read(text)).toEqual([waiver()])
    expect(await readWaivers(join(folder, 'nowhere'))).toEqual([])
  })

  test.each([
    [
      'no owner',
      'version: 1\nwaivers:\n  - case: a\n    gate: pixels\n    reason: r\n    expires: 2027-01-31\n',
      /:3: waivers\[0\]\.owner is missing/,
    ],
    [
      'no date',
      'version: 1\nwaivers:\n  - case: a\n    gate: pixels\n    owner: o\n    reason: r\n    expires: soon\n',
      /:7: waivers\[0\]\.expires must be a date like 2027-01-31, got "soon"/,
    ],
    ['an unknown field', 'version: 1\nwaivers: []\nforever: yes\n', /:3: forever is no field of a waiver/],
    ['no YAML', 'version: [1\n', /waivers\.yaml:\d/],
  ])('%s is an error with its line', async (_, text, message) => {
    await expect(read(text)).rejects.toThrow(message)
  })
})
