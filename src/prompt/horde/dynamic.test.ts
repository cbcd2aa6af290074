import { describe, expect, it } from 'vitest'
import { pythonRandom } from '../python/random.js'
import { expandDynamicPrompt } from './dynamic.js'

describe('dynamic prompts', () => {
  it('are what replacing innermost groups until nothing changes makes of them', () => {
    let state = 3
    const below = (n: number) => {
      state = (state * 48271) % 2147483647
      return state % n
    }
    for (let seed = 0n; seed < 1500n; seed++) {
      const prompt = Array.from({ length: below(30) }, () => '{{{}}}|||ab'[below(11)]).join('')
      const random = pythonRandom(seed)
      let expected = prompt
      for (let before = ''; before !== expected; ) {
        before = expected
        expected = before.replace(/\{([^{}]+)\}/g, (_, words: string) => random.choice(words.split('|')) ?? '')
      }
      expect(expandDynamicPrompt(prompt, pythonRandom(seed)), prompt).toBe(expected)
    }
  })

  it('nest as deep as anybody likes', () => {
    const depth = 30_000
    const prompt = `${'{a'.repeat(depth)}|b${'}'.repeat(depth)}`
    expect(expandDynamicPrompt(prompt, { choice: list => list[0] })).toBe('a'.repeat(depth))
    expect(expandDynamicPrompt('{'.repeat(100_000), { choice: list => list[0] })).toBe('{'.repeat(100_000))
  })
})
