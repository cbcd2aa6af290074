import { describe, expect, it } from 'vitest'
import { chance } from './chance.js'
import { shrink } from './shrink.js'

const list = (length: number) => Array.from({ length }, (_, i) => i)

describe('the smallest list that fails', () => {
  it('is the two that harm each other, wherever they are', async () => {
    const lots = chance(3)
    for (let round = 0; round < 30; round++) {
      const [a = 0, b = 1] = lots.shuffled(list(24))
      const { items } = await shrink(list(24), async items => items.includes(a) && items.includes(b), 200)
      expect(items).toEqual([a, b].sort((x, y) => x - y))
    }
  })

  it('keeps the order, and as many as it takes', async () => {
    const { items } = await shrink(list(20), async items => [3, 7, 8, 19].every(i => items.includes(i)), 500)
    expect(items).toEqual([3, 7, 8, 19])
  })

  it('is a single one where that is enough', async () => {
    expect((await shrink(list(17), async items => items.includes(11), 100)).items).toEqual([11])
  })

  it('is what was found so far when there were enough questions', async () => {
    let asked = 0
    const { items, runs } = await shrink(
      list(64),
      async items => ++asked > 0 && items.includes(5) && items.includes(60),
      3,
    )
    expect(runs).toBe(3)
    expect(asked).toBe(3)
    expect(items).toContain(5)
    expect(items).toContain(60)
  })
})
