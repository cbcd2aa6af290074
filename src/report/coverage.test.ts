import { expect, test } from 'vitest'
import { coverageOf } from '../harness/coverage/coverage.js'
import { FEATURES, PAIRS } from '../harness/coverage/space.js'
import type { Run } from '../harness/run-schema.js'
import { blot, caseOf, ENVIRONMENT } from '../harness/testing.js'
import { coverageLine } from './coverage.js'
import { renderMarkdown } from './markdown.js'
import { renderTable } from './table.js'

const plain = caseOf('a', blot(1))
const cases = [
  { ...plain, fixture: { ...plain.fixture, features: ['sampler:k_heun', 'tiling', '<i>'] } },
  { ...plain, id: 'b' },
]
const run: Run = {
  schema: 'horde-onnx/run@1',
  id: 'r',
  createdAt: '2026-01-01T00:00:00Z',
  complete: true,
  command: 'replay',
  backend: 'horde-onnx',
  version: '0.1.0',
  environment: ENVIRONMENT,
  models: [],
  wallMs: 1000,
  cases,
  pending: [],
  coverage: coverageOf(cases, [{ id: 'c', features: ['lora', 'tiling'] }]),
}

test('what a run covers is one sentence, in the terminal, too', () => {
  const all = FEATURES.length + PAIRS.length + 1
  const line = `Of ${all} features and pairs 3 replayed, 2 not selected, ${all - 5} missing`
  expect(coverageLine(run)).toBe(line)
  expect(renderTable(run, { colour: false })).toContain(line)
})

test('a single payload covers what it covers', () => {
  expect(coverageLine({ coverage: coverageOf([plain], []), cases: [plain] })).toBeUndefined()
})

test('the Markdown names what is not gated, kind by kind, as text', () => {
  const markdown = renderMarkdown(run)
  expect(markdown).toMatch(
    /\| sampler \| 0 \| replayed: `sampler:k_heun`; missing: `sampler:k_euler` `sampler:k_euler_a` /,
  )
  expect(markdown).toContain('| own | 0 | replayed: `<i>` |')
  expect(markdown).toMatch(/\| pair \| 0 \| unselected: `lora \+ tiling`; missing: /)
})
