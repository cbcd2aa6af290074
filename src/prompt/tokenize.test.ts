import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { tokenizePrompt } from './tokenize.js'

const vectors = new URL('../../../shared/reference/vectors/tokens.json', import.meta.url)

interface TokenCase {
  text: string
  l: [number | { embedding_row: number[] }, number][][]
  g_same_but_padding: (number | 'e')[]
}

/** First value of each vector of the pack's embeddings, to tell which vector a row of the reference is. */
const rows = new Map([
  [0.0653076171875, { embedding: 'pocket-embedding', index: 0 }],
  [-0.04656982421875, { embedding: 'pocket-embedding', index: 1 }],
  [-0.055389404296875, { embedding: 'pocket-embedding-pt', index: 0 }],
  [-0.01251983642578125, { embedding: 'pocket-embedding-pt', index: 1 }],
  [-0.00910186767578125, { embedding: 'pocket-embedding-pt', index: 2 }],
])
const embeddings = new Map([
  ['pocket-embedding', 2],
  ['pocket-embedding-pt', 3],
])

describe.skipIf(!existsSync(vectors))("ComfyUI's tokens (skipped without ../shared/reference)", () => {
  const { cases }: { cases: TokenCase[] } = existsSync(vectors)
    ? JSON.parse(readFileSync(vectors, 'utf8'))
    : { cases: [] }

  it('are 222 cases', () => {
    expect(cases.length).toBe(222)
  })

  it.each(cases)('of $text', ({ text, l, g_same_but_padding }) => {
    const chunks = tokenizePrompt(text, { padToken: 49407, embeddings })
    expect(chunks.map(chunk => chunk.ids)).toEqual(
      l.map(chunk => chunk.map(([id]) => (typeof id === 'number' ? id : rows.get(id.embedding_row[0] ?? 0)))),
    )
    for (const [c, chunk] of l.entries()) {
      for (const [i, [, weight]] of chunk.entries()) expect(chunks[c]?.weights[i]).toBeCloseTo(weight, 9)
    }
    const padded = tokenizePrompt(text, { padToken: 0, embeddings })[0]?.ids ?? []
    expect(padded.slice(0, 8).map(id => (typeof id === 'number' ? id : 'e'))).toEqual(g_same_but_padding)
  })
})
