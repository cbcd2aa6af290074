import { describe, expect, it } from 'vitest'
import { layOut } from './json-text.js'

describe('laying JSON out', () => {
  it('keeps every digit of every number', () => {
    const text = '{"seed":9223372036854775807,"x":1.10,"e":1E+2}'
    expect(layOut(text)).toBe('{ "seed": 9223372036854775807, "x": 1.10, "e": 1E+2 }')
  })

  it('breaks what is too long for a line, and only that', () => {
    expect(layOut('{"a":[1,2,[]],"prompt":"long, {text}: [here]","c":{}}', 30)).toBe(
      '{\n  "a": [1, 2, []],\n  "prompt": "long, {text}: [here]",\n  "c": {}\n}',
    )
  })

  it.each(['', 'prompt: a circle', '{"half": ', `${'['.repeat(100_000)}${']'.repeat(100_000)}`])(
    'leaves what it cannot lay out as it is (%#)',
    text => expect(layOut(text)).toBe(text),
  )

  it.each(['"a \\" quote, {brace}"', '[1,2,{"a":null,"b":[true,false]}]', '{"a\\\\":"\\u2028"}'])(
    'changes nothing but white space: %s',
    text => expect(JSON.parse(layOut(text, 4))).toEqual(JSON.parse(text)),
  )
})
