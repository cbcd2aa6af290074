import { expect, it } from 'vitest'
import { mayBeSimilar, similarity } from './similarity.js'

/** `int(round(100 * SequenceMatcher(None, a, b).ratio()))` by CPython's difflib. */
const difflib: [string, string, number][] = [
  ['babba', 'baababaaaaaaaaabaaba', 40],
  ['ceaaedacdc', 'cfafc', 40],
  ['lv_euckott', '_vxmgwrykc', 20],
  ['fffbd', 'fffbdfbd', 77],
  ['baaab', 'abaaabaaabba', 59],
  ['abaab', 'baaab', 80],
  ['caffe', 'cacaffeaffe', 62],
  ['ababa', 'ababb', 80],
  ['bbcfaefdbeebbaccfeca', 'efbbcfacb', 41],
  ['dccbcfeece', 'dfdecdccaa', 30],
  ['qqf-n', 'nlgtvdmhd_c-ugfr cdw', 8],
  ['aabab', 'aabababba', 71],
  ['aababbabab', 'bbaab', 40],
  ['dcffcbeebe', 'dcffcbdcffcbeedc', 62],
  ['Kafka the hunter', 'kaf(ka) the hunter', 88],
  // Characters that are popular in a text of 200 and more start no match.
  ['ab'.repeat(125), `${'ba'.repeat(110)}xyz`, 0],
  ['abc'.repeat(70), 'abcd'.repeat(60), 1],
  ['hello world '.repeat(20), 'hello there world '.repeat(15), 2],
  [`${'x'.repeat(10)}${'ab'.repeat(125)}`, `${'x'.repeat(10)}${'ab'.repeat(110)}`, 94],
  [`${'a'.repeat(181)}${'b'.repeat(19)}`, `${'a'.repeat(181)}${'c'.repeat(19)}`, 90],
]

it.each(difflib)('similarity of %.24s and %.24s is %d', (a, b, ratio) => {
  expect(similarity(a, b)).toBe(ratio)
  expect(mayBeSimilar(a, b, ratio - 1)).toBe(true)
})
