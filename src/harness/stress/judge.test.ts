import { describe, expect, it } from 'vitest'
import type { Generation } from '../../engine/types.js'
import { sha256Hex } from '../canonical.js'
import { blot, edited } from '../testing.js'
import { judgeOutcome, type Solo } from './judge.js'

const result = (seed: number, more: Partial<Generation> = {}): Generation => {
  const picture = blot(seed)
  return {
    id: String(seed),
    state: 'ok',
    images: [{ ...picture, sha256: sha256Hex(picture.pixels), format: 'png', file: new Uint8Array() }],
    faults: [],
    notes: [],
    fingerprints: { cond: `cond${seed}`, 'step0.denoised': `step${seed}`, latent: `latent${seed}` },
    timings: { load: 0, encode: 0, steps: [], decode: 0, output: 0, total: 0 },
    retries: 0,
    ...more,
  }
}

const FAULT = {
  state: 'fault',
  images: [],
  faults: [{ code: 'model-file', message: 'gone' }],
  fingerprints: {},
} as const
const solos = new Map<string, Solo>([
  ['a', result(1)],
  ['b', result(9)],
  ['faulty', FAULT],
])
const judge = (
  job: string,
  generation: Generation | undefined,
  more: { abort_at?: number; toleranceDb?: number } = {},
) => {
  const { toleranceDb, ...entry } = more
  return judgeOutcome(
    { entry: { job, ...entry }, ...(generation === undefined ? {} : { generation }) },
    solos,
    toleranceDb === undefined ? {} : { toleranceDb },
  )
}

describe('a job among others', () => {
  it('is the same where every stage and picture is', () => {
    expect(judge('a', result(1))).toEqual({ verdict: 'same' })
    expect(judge('faulty', result(1, FAULT))).toEqual({ verdict: 'same' })
  })

  it('that got the whole result of another is told whose', () => {
    const { verdict, problem } = judge('a', result(9))
    expect(verdict).toBe('different')
    expect(problem?.bleed).toEqual({ job: 'b', evidence: 'stage', stages: ['cond', 'step0.denoised', 'latent'] })
    expect(problem?.leavesAt).toBe('cond')
  })

  it('that got one stage of another is told which, although the picture is its own', () => {
    const { fingerprints } = result(1)
    const { problem } = judge('a', result(1, { fingerprints: { ...fingerprints, 'step0.denoised': 'step9' } }))
    expect(problem?.bleed).toMatchObject({ job: 'b', stages: ['step0.denoised'] })
    expect(problem?.leavesAt).toBe('step0.denoised')
  })

  it('whose picture has something of another is told of whom', () => {
    const [own, other] = [blot(1), blot(9)]
    const picture = edited(own, (value, i) => 0.6 * value + 0.4 * (other.pixels[i] ?? 0) + (i % 3))
    const images = [{ ...picture, sha256: sha256Hex(picture.pixels), format: 'png' as const, file: new Uint8Array() }]
    const fingerprints = { cond: 'cond1', 'step0.denoised': 'other', latent: 'other' }
    const { problem } = judge('a', result(1, { images, fingerprints }))
    expect(problem?.bleed).toMatchObject({ job: 'b', evidence: 'pixels' })
    expect(problem?.bleed?.correlation).toBeGreaterThan(0.9)
    expect(problem?.bleed?.ownRms).toBeLessThan(problem?.bleed?.rms ?? 0)
  })

  it('may differ by a little where that is allowed, and by no more', () => {
    const near = (by: number) => {
      const picture = edited(blot(1), (value, i) => value + (i % 7 === 0 ? by : 0))
      const images = [{ ...picture, sha256: sha256Hex(picture.pixels), format: 'png' as const, file: new Uint8Array() }]
      return result(1, { images, fingerprints: { cond: 'cond1', 'step0.denoised': 'x', latent: 'x' } })
    }
    expect(judge('a', near(1), { toleranceDb: 45 }).verdict).toBe('within-tolerance')
    expect(judge('a', near(1)).verdict).toBe('different')
    expect(judge('a', near(30), { toleranceDb: 45 }).verdict).toBe('different')
  })

  it('that ends as nobody asked for is a problem; one that was aborted is not', () => {
    expect(judge('a', result(1, FAULT)).problem?.reason).toBe('alone it is ok, here it is a fault (model-file): gone')
    expect(judge('faulty', result(1)).verdict).toBe('unexpected')
    expect(judge('a', undefined).problem?.reason).toMatch(/lost/)
    expect(judge('a', result(1, { state: 'cancelled', images: [] })).verdict).toBe('unexpected')
    expect(judge('a', result(1, { state: 'cancelled', images: [] }), { abort_at: 1 }).verdict).toBe('not-judged')
  })
})
