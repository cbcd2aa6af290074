import { expect, it } from 'vitest'
import { splitPrompt } from './split.js'

it.each([
  ['a ### b', 'a ', ' b'],
  ['a###b###c', 'a', 'b'],
  ['###b', '', 'b'],
  ['a####b', 'a', '#b'],
  ['a##b', 'a##b', undefined],
  ['', '', undefined],
])('%j is %j and %j', (text, prompt, negative) => {
  expect(splitPrompt(text)).toEqual({ prompt, negative })
})
