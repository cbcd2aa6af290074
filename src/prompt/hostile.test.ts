import { describe, expect, it } from 'vitest'
import { tokenizePrompt } from './tokenize.js'

const length = 100_000
const fill = (text: string) => text.repeat(Math.ceil(length / text.length)).slice(0, length)

/** Prompts nobody writes, 100,000 characters each. Anything quadratic in their length takes minutes. */
const prompts: [string, string][] = [
  ['one word', fill('a')],
  ['one word of many merges', fill('inthelatitudes')],
  ['one run of signs', fill('!')],
  ['white space', fill(' ')],
  ['opening parentheses', fill('(')],
  ['closing parentheses', fill(')')],
  ['nested parentheses', `${'('.repeat(length / 2)}${')'.repeat(length / 2)}`],
  ['nested text', `${'(a'.repeat(length / 3)}${')'.repeat(length / 3)}`],
  [
    'nested parentheses around one long number',
    `${'('.repeat(length / 3)}a:${'0'.repeat(length / 3)}${')'.repeat(length / 3)}`,
  ],
  ['colons in parentheses', `(${fill(':')})`],
  ['numbers in parentheses', fill('(:1')],
  ['square brackets', fill('[')],
  ['crossing brackets', `${fill('([')}${fill(')]')}`],
  ['breaks', fill(' BREAK')],
  ['backslashes', fill('\\(')],
  ['emoji', fill('👩‍👩‍👧‍👦🏳️‍🌈')],
  ['right-to-left text', fill('שלום ‏مرحبا ')],
  ['combining marks', `e${fill('\u0301')}`],
  ['control characters', fill('\x00\x01\x02\x1b\x7f\x85')],
  ['halves of surrogate pairs', fill('\ud83d')],
  ['embeddings', fill('embedding:e ')],
  ['unknown embeddings', fill('embedding:nobody, ')],
  ['one long unknown embedding', `embedding:${fill(',')}`],
  ['markers', fill('<|endoftext|>')],
]

/** Those that AUTOMATIC1111's weights read another way. */
const bracketed = prompts.filter(([name]) => /parenthes|nested|bracket|break|backslash/.test(name))

describe.each([
  ['comfy', prompts],
  ['a1111', bracketed],
] as const)('hostile prompts with the weights of %s', (emphasis, prompts) => {
  it.each(prompts)(
    '%s',
    (_, text) => {
      const chunks = tokenizePrompt(text, { padToken: 49407, embeddings: new Map([['e', 3]]), emphasis })
      const broken = chunks.filter(
        ({ ids, weights }) => ids.length !== 77 || weights.length !== 77 || ids[0] !== 49406 || !ids.includes(49407),
      )
      expect(broken).toEqual([])
      expect(chunks.length).toBeGreaterThan(0)
    },
    30_000,
  )
})
