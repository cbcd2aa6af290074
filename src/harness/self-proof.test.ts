import { expect, test } from 'vitest'
import { DEFAULT_LIMITS, type Limits } from './gates/limits.js'
import { goldenOf } from './gates/testing.js'
import { proofSubjects, selfProof } from './self-proof.js'
import { blot, caseOf, ENVIRONMENT } from './testing.js'

const subject = (id: string, seed: number) => {
  const picture = blot(seed)
  return {
    candidate: { result: caseOf(id, picture), environment: ENVIRONMENT, pictures: [picture] },
    approved: goldenOf(picture),
  }
}

const SUBJECTS = [subject('a', 1), subject('b', 9), subject('c', 20), subject('d', 15)]

test('every damage is caught by the gates, the exact hash aside', async () => {
  const proof = await selfProof(SUBJECTS, DEFAULT_LIMITS)
  expect(proof).toMatchObject({ verdict: 'pass', reason: 'all 15 damaged pictures were caught' })
  expect(new Set(proof.trials.map(({ mutation }) => mutation))).toEqual(
    new Set(['channels-swapped', 'seams-4', 'blur-2', 'black-square-24', 'another case']),
  )
  expect(proof.trials.every(({ gate }) => gate === 'pixels' || gate === 'defects')).toBe(true)
})

test('limits that let damage pass are found out, by name of what passed', async () => {
  const anything = {
    stages: DEFAULT_LIMITS.kin.other.stages,
    pixels: { fail: {}, drift: {}, exact: true },
    defects: { mean: 255, tone: { contrast: 9, saturation: 9, hue: 999 }, sharpness: 0, motion: 1e9 },
  }
  const blind: Limits = { ...DEFAULT_LIMITS, kin: { ...DEFAULT_LIMITS.kin, machine: anything } }
  const proof = await selfProof(SUBJECTS, blind)
  expect(proof).toMatchObject({ verdict: 'fail', reason: expect.stringContaining('seams-4 of a') })
  expect(proof.trials.some(({ caught }) => caught)).toBe(false)
})

test('where no photo passed nothing is proved', async () => {
  expect(await selfProof([], DEFAULT_LIMITS)).toMatchObject({ verdict: 'unmeasured', trials: [] })
})

test('the same subjects are chosen of what passed, whatever the order in which cases are done', () => {
  const many = Array.from({ length: 30 }, (_, i) => subject(`case-${i}`, i))
  const chosen = (subjects: typeof many, verdict: 'pass' | 'drift' = 'pass') => {
    const choice = proofSubjects()
    for (const each of subjects) choice.offer(each, { verdict, reason: '', gates: [] })
    return choice.chosen().map(({ candidate }) => candidate.result.id)
  }
  expect(chosen(many)).toHaveLength(12)
  expect(chosen(many.toReversed())).toEqual(chosen(many))
  expect(chosen(many, 'drift')).toEqual([])
})
