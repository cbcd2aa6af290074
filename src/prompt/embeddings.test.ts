import { describe, expect, it } from 'vitest'
import { tokenizePrompt } from './tokenize.js'

const embeddings = new Map([
  ['cute', 2],
  ['wide', 80],
])

/** Ids of the prompt without start, end and padding; a textual inversion as `name/index`. */
function words(text: string) {
  const ids = tokenizePrompt(text, { padToken: 0, embeddings }).flatMap(({ ids }) => ids)
  return ids
    .filter(id => id !== 0 && id !== 49406 && id !== 49407)
    .map(id => (typeof id === 'number' ? id : `${id.embedding}/${id.index}`))
}

const a = 320
const cat = 2368
const comma = 267

describe('textual inversions in a prompt', () => {
  it.each<[string, (string | number)[]]>([
    ['a embedding:cute cat', [a, 'cute/0', 'cute/1', cat]],
    ['a\nembedding:cute', [a, 'cute/0', 'cute/1']],
    ['embedding:cute, cat', ['cute/0', 'cute/1', comma, cat]],
    ['(embedding:cute:1.2),a', ['cute/0', 'cute/1', comma, a]],
    ['embedding:cute.safetensors a', ['cute/0', 'cute/1', a]],
    ['embedding:cute<a', ['cute/0', 'cute/1', 283, a]],
    ['embedding:nobody a', [a]],
    ['embedding:nobody, a', [comma, a]],
    ['embedding:', []],
    ['a embedding:   ', [a]],
  ])('%j', (text, expected) => {
    expect(words(text)).toEqual(expected)
  })

  it('are text where no white space is before them', () => {
    expect(words('a,embedding:cute')).not.toContain('cute/0')
  })

  it('are cut at the end of a chunk where they have 8 vectors and more', () => {
    const [first, second] = tokenizePrompt('a embedding:wide', { padToken: 0, embeddings })
    expect(first?.ids[75]).toEqual({ embedding: 'wide', index: 73 })
    expect(second?.ids[1]).toEqual({ embedding: 'wide', index: 74 })
  })

  it('are kept whole where they have fewer', () => {
    const [first, second] = tokenizePrompt(`${'cat '.repeat(74)} embedding:cute`, { padToken: 0, embeddings })
    expect(first?.ids.slice(73)).toEqual([cat, cat, 49407, 0])
    expect(second?.ids.slice(0, 4)).toEqual([
      49406,
      { embedding: 'cute', index: 0 },
      { embedding: 'cute', index: 1 },
      49407,
    ])
  })
})
