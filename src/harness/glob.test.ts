import { expect, test } from 'vitest'
import { globMatcher } from './glob.js'

test.each([
  ['text-*', 'text-00', true],
  ['text-*', 'my-text-00', false],
  ['*', 'anything.at-all', true],
  ['size-?4x64', 'size-64x64', true],
  ['size-?4x64', 'size-4x64', false],
  ['{cfg,steps}-*', 'steps-30', true],
  ['{cfg,steps}-*', 'hires-30', false],
  ['a.b', 'axb', false],
  ['lora-0.5+x(1)', 'lora-0.5+x(1)', true],
  ['unclosed-{a,b', 'unclosed-b', true],
])('%s on %s: %s', (pattern, name, matches) => {
  expect(globMatcher(pattern)(name)).toBe(matches)
})

test('any of several patterns is enough', () => {
  const matches = globMatcher(['a*', '*z'])
  expect(['abc', 'xyz', 'mmm'].map(matches)).toEqual([true, true, false])
})
