import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../gates/limits.js'
import { goldenOf } from '../gates/testing.js'
import { blot, caseOf, ENVIRONMENT } from '../testing.js'
import { inOrder } from './in-order.js'
import { createJudges } from './judges.js'

describe('working in order', () => {
  const wait = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

  test('answers come in the order of the items, no more than asked for at once', async () => {
    let [running, most] = [0, 0]
    const results = await inOrder([30, 5, 20, 1, 10], 2, async ms => {
      running++
      most = Math.max(most, running)
      await wait(ms)
      running--
      return ms
    })
    expect(results).toEqual([30, 5, 20, 1, 10])
    expect(most).toBe(2)
  })

  test('an error is thrown when nothing is being worked on any more, and nothing is begun after it', async () => {
    const begun: number[] = []
    let finished = 0
    const work = inOrder([1, 2, 3, 4], 2, async item => {
      begun.push(item)
      if (item === 1) throw new Error('no')
      await wait(20)
      finished++
    })
    await expect(work).rejects.toThrow('no')
    expect(begun).toEqual([1, 2])
    expect(finished).toBe(1)
  })
})

test('a judge says which variant gave the verdict', async () => {
  const judges = createJudges(1)
  const candidate = { result: caseOf('a', blot(9)), environment: ENVIRONMENT, pictures: [blot(9)] }
  const accepted = [blot(1), blot(9)].map((picture, i) => ({ ...goldenOf(picture), variant: i + 1 }))
  const task = { candidate, limits: DEFAULT_LIMITS }
  expect(await judges.judge({ ...task, accepted })).toMatchObject({ variant: 1, verdict: { verdict: 'pass' } })
  expect(await judges.judge({ ...task, accepted: [] })).toMatchObject({ verdict: { verdict: 'no-golden' } })
  expect(await judges.judge({ ...task, accepted: [] })).not.toHaveProperty('variant')
  await judges.close()
})
