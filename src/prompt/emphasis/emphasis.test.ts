import { describe, expect, it } from 'vitest'
import { a1111Emphasis } from './a1111.js'
import { comfyEmphasis } from './comfy.js'
import type { WeightedText } from './types.js'

/** Examples of ComfyUI's own documentation of its weights (comfy/sd1_clip.py, issue 4610). */
const comfy: [string, [string, number][]][] = [
  ['(foo)', [['foo', 1.1]]],
  [
    '(foo)(bar)',
    [
      ['foo', 1.1],
      ['bar', 1.1],
    ],
  ],
  ['(foo:2.0)', [['foo', 2]]],
  ['((foo))', [['foo', 1.21]]],
  ['((foo):1.1)', [['foo', 1.21]]],
  ['((foo:1.1))', [['foo', 1.1]]],
  ['(foo:0.0)', [['foo', 0]]],
  ['((foo:1.0):0.0)', [['foo', 1]]],
  [
    'foo ((((lol (cat:666) attack:100)))) baz',
    [
      ['foo ', 1],
      ['lol ', 100],
      ['cat', 666],
      [' attack', 100],
      [' baz', 1],
    ],
  ],
  [
    'foo ((((lol (cat:666) attack):100))) baz',
    [
      ['foo ', 1],
      ['lol ', 110],
      ['cat', 666],
      [' attack', 110],
      [' baz', 1],
    ],
  ],
  ['\\(foo\\)(bar)', [['(foo)', 1], ['bar', 1.1]]], // biome-ignore format: one case a line
]

/** Examples of AUTOMATIC1111's own documentation of its weights (modules/prompt_parser.py). */
const a1111: [string, [string, number][]][] = [
  ['normal text', [['normal text', 1]]],
  [
    'an (important) word',
    [
      ['an ', 1],
      ['important', 1.1],
      [' word', 1],
    ],
  ],
  ['(unbalanced', [['unbalanced', 1.1]]],
  ['\\(literal\\]', [['(literal]', 1]]],
  ['(unnecessary)(parens)', [['unnecessaryparens', 1.1]]],
  [
    'a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).',
    [
      ['a ', 1],
      ['house', 1.5730000000000004],
      [' ', 1.1],
      ['on', 1],
      [' a ', 1.1],
      ['hill', 0.55],
      [', sun, ', 1.1],
      ['sky', 1.4641000000000006],
      ['.', 1.1],
    ],
  ],
]

function expectParts(parts: WeightedText[], expected: [string, number][]) {
  expect(parts.map(({ text }) => text)).toEqual(expected.map(([text]) => text))
  for (const [i, [, weight]] of expected.entries()) expect(parts[i]?.weight).toBeCloseTo(weight, 9)
}

describe("ComfyUI's weights", () => {
  it.each(comfy)('of %s', (prompt, expected) => {
    expectParts(comfyEmphasis(prompt), expected)
  })

  it('of random brackets are those of a parser that copies its text at every level', () => {
    let state = 7
    const below = (n: number) => {
      state = (state * 48271) % 2147483647
      return state % n
    }
    for (let i = 0; i < 5000; i++) {
      const prompt = Array.from({ length: below(24) }, () => '(()):\\12.ab '[below(12)]).join('')
      expect(comfyEmphasis(prompt), JSON.stringify(prompt)).toEqual(
        copyingParser(prompt.replace(/\\([()])/g, standIn), 1),
      )
    }
  })
})

describe("AUTOMATIC1111's weights", () => {
  it.each(a1111)('of %s', (prompt, expected) => {
    expectParts(a1111Emphasis(prompt), expected)
  })

  it('begin a chunk at BREAK, but not within a word', () => {
    expect(a1111Emphasis('a BREAK (b BREAKS) BREAK')).toEqual([
      { text: 'a ', weight: 1 },
      { text: ' ', weight: 1, startsChunk: true },
      { text: 'b BREAKS', weight: 1.1 },
      { text: ' ', weight: 1 },
      { text: '', weight: 1, startsChunk: true },
    ])
  })
})

/** Stand-ins for `\(` and `\)` while brackets are counted. */
const standIn = (pair: string) => (pair === '\\(' ? '\u{e000}' : '\u{e001}')
const plain = (text: string) => text.replaceAll('\u{e000}', '(').replaceAll('\u{e001}', ')')

function copyingParser(text: string, weight: number): WeightedText[] {
  return topLevelItems(text).flatMap(item => {
    if (item.length < 2 || !item.startsWith('(') || !item.endsWith(')')) return [{ text: plain(item), weight }]
    const inner = item.slice(1, -1)
    const colon = inner.lastIndexOf(':')
    const number = inner.slice(colon + 1).trim()
    if (colon > 0 && /^(\d+\.?\d*|\.\d+)$/.test(number)) return copyingParser(inner.slice(0, colon), Number(number))
    return copyingParser(inner, weight * 1.1)
  })
}

function topLevelItems(text: string): string[] {
  const items: string[] = []
  let item = ''
  let level = 0
  for (const character of text) {
    if (character === '(' && level++ === 0) {
      items.push(item)
      item = ''
    }
    item += character
    if (character === ')' && --level === 0) {
      items.push(item)
      item = ''
    }
  }
  return [...items, item].filter(one => one !== '')
}
