import { describe, expect, it } from 'vitest'
import { caseOf, failedPixels } from '../../../test/report/record.js'
import { pageCase } from '../page-case.js'
import { entriesOf, groupBy, select } from './entries.js'
import { START } from './link.js'

const payload = '{"payload":{"prompt":"A Red Circle","seed":"9223372036854775807"},"model":"x"}'
const cases = [
  caseOf('b-pass', {}, { timings: { load: 0, encode: 0, steps: [], decode: 0, output: 0, total: 9 } }),
  caseOf('a-fail', failedPixels()),
  caseOf('c-red', {}, { fixture: { ...caseOf('x').fixture, payload, features: ['tiling'] } }),
  caseOf('d-text', {}, { fixture: { ...caseOf('x').fixture, payload: 'prompt: no json' } }),
]
const entries = entriesOf({ cases: cases.map(each => pageCase(each, { candidate: [], golden: [] })) })
const ids = (state: Partial<typeof START>) => select(entries, { ...START, ...state }).map(({ id }) => id)

describe('choosing cases', () => {
  it('finds words in any order, in names, prompts and reasons, whatever their case', () => {
    expect(ids({ query: 'circle RED' })).toEqual(['c-red'])
    expect(ids({ query: 'below' })).toEqual(['a-fail'])
    expect(ids({ query: 'tiling' })).toEqual(['c-red'])
  })

  it('joins filters', () => {
    expect(ids({ outcomes: ['pass'], feature: 'sampler' })).toEqual(['b-pass', 'd-text'])
    expect(ids({ outcomes: ['fail'], feature: 'tiling' })).toEqual([])
  })

  it('puts the worst first, or the slowest, or goes by name', () => {
    expect(ids({})[0]).toBe('a-fail')
    expect(ids({ sort: 'metric' })[0]).toBe('a-fail')
    expect(ids({ sort: 'time' }).at(-1)).toBe('b-pass')
    expect(ids({ sort: 'name' })).toEqual(['a-fail', 'b-pass', 'c-red', 'd-text'])
  })
})

describe('gathering cases', () => {
  const grouped = (by: 'verdict' | 'feature' | 'gate' | '') =>
    groupBy(select(entries, START), by).map(({ name, entries }) => [name, entries.map(({ id }) => id)])

  it('by what they come to, in the order of their first cases', () => {
    expect(grouped('verdict')).toEqual([
      ['fail', ['a-fail']],
      ['pass', ['b-pass', 'c-red', 'd-text']],
    ])
    expect(grouped('gate')).toEqual([
      ['stopped by pixels', ['a-fail']],
      ['no gate stopped it', ['b-pass', 'c-red', 'd-text']],
    ])
  })

  it('by feature, in the group of each that they have', () => {
    const both = entriesOf({
      cases: [['x', 'y'], ['y'], []].map((features, i) =>
        pageCase(caseOf(`${i}`, {}, { fixture: { ...caseOf('x').fixture, features } }), { candidate: [], golden: [] }),
      ),
    })
    expect(groupBy(both, 'feature').map(({ name, entries }) => [name, entries.length])).toEqual([
      ['x', 1],
      ['y', 2],
      ['no feature named', 1],
    ])
  })

  it('not at all is one group without a name', () => {
    expect(grouped('')).toEqual([[undefined, ['a-fail', 'b-pass', 'c-red', 'd-text']]])
  })
})
