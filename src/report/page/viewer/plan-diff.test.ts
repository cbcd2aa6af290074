import { describe, expect, test } from 'vitest'
import { planChanges } from './plan-diff.js'

describe('changes of a plan', () => {
  test.each([
    ['nothing', { a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, []],
    ['the last digits of a sigma', { sigmas: [14.6] }, { sigmas: [14.600000001] }, []],
    ['a value', { tiling: false }, { tiling: true }, [['tiling', 'false', 'true']]],
    ['a value deep down', [{ a: { b: 1 } }], [{ a: { b: 2 } }], [['[0].a.b', '1', '2']]],
    ['what is new', {}, { source: { use: 'start' } }, [['source', '–', '{"use":"start"}']]],
    ['what is gone', { source: 1 }, {}, [['source', '1', '–']]],
    ['one number of many', { s: [1, 2, 3, 4] }, { s: [1, 9, 3, 4] }, [['s[1]', '2', '9']]],
    ['a word more', { ids: [0, 7, 1, 1] }, { ids: [0, 7, 8, 1, 1] }, [['ids[2]', '–', '8']]],
    ['a word less', { ids: [0, 7, 8, 1] }, { ids: [0, 8, 1] }, [['ids[1]', '7', '–']]],
    ['words in the middle', { ids: [0, 1, 2, 3, 9] }, { ids: [0, 5, 2, 6, 9] }, [['ids[1–3]', '1, 2, 3', '5, 2, 6']]],
    ['a chunk more', { c: [{ i: 1 }] }, { c: [{ i: 1 }, { i: 2 }] }, [['c[1]', '–', '{"i":2}']]],
    ['another kind of thing', { a: [1] }, { a: 'x' }, [['a', '[1]', '"x"']]],
    ['no plan', undefined, { a: 1 }, [['plan', '–', '{"a":1}']]],
  ])('%s', (_, was, is, expected) => {
    expect(planChanges(was, is).map(({ path, was, is }) => [path, was, is])).toEqual(expected)
  })

  test('long lists are cut, and say so', () => {
    const [change] = planChanges({ s: [] }, { s: Array.from({ length: 20 }, (_, i) => i) })
    expect(change?.is).toMatch(/^0, 1, .* 11, … 8 more$/)
  })
})
