import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import type { CaseResult } from '../run-schema.js'
import { blot, caseOf } from '../testing.js'
import { coverageOf } from './coverage.js'
import { payloadFeatures } from './payload-features.js'
import { FEATURES, hasFeature, PAIRS } from './space.js'

const SCHEMA = fileURLToPath(new URL('../../../../shared/horde/hordelib_fixtures/payload_schema.json', import.meta.url))

describe('the space of payloads', () => {
  const names = new Set(FEATURES.map(({ name }) => name))

  test('names everything once, and pairs only what it names', () => {
    expect(names.size).toBe(FEATURES.length)
    for (const part of PAIRS.flat()) expect(hasFeature([...names], part), part).toBe(true)
    expect(new Set(PAIRS.map(pair => [...pair].sort().join())).size).toBe(PAIRS.length)
  })

  test.skipIf(!existsSync(SCHEMA))('has every value and field of hordelib (needs ../shared)', () => {
    const versions = JSON.parse(readFileSync(SCHEMA, 'utf8'))
    const { payload } = versions['hordelib_6.4.0']
    const values = (group: string, list: string[]) => list.map(value => `${group}:${value}`)
    const expected = [
      ...values('sampler', payload.sampler_name.values),
      ...values('scheduler', payload.scheduler.values),
      ...values('source', payload.source_processing.values),
      ...values('control', versions['hordelib_1.6.2'].payload.control_type.values),
    ]
    expect(expected).toHaveLength(16 + 6 + 4 + 10)
    expect(expected.filter(name => !names.has(name))).toEqual([])
  })
})

const result = (id: string, features: string[], more: Partial<CaseResult> = {}): CaseResult => {
  const plain = caseOf(id, blot(1), more)
  return { ...plain, fixture: { ...plain.fixture, features, ...more.fixture } }
}
const golden = { class: 'c', crossClass: false, images: [], approvedBy: 'us' }
const judged: Partial<CaseResult> = { verdict: { verdict: 'pass', reason: '', gates: [], golden } }

describe('the coverage of a run', () => {
  const { fixture } = caseOf('x', blot(1))
  const coverage = coverageOf(
    [
      result('euler', ['sampler:k_euler', 'my-own'], judged),
      result('euler-again', ['sampler:k_euler']),
      result('heun', ['sampler:k_heun', 'lora:stacked', 'clip_skip']),
      result('plms', [], {
        ...judged,
        fixture: { ...fixture, features: ['sampler:plms'], expect: { same_as: 'euler' } },
      }),
      result('hed', [], {
        state: 'fault',
        faults: [{ code: 'unsupported', message: '' }],
        fixture: { ...fixture, features: ['control:hed'], expect: { fault: 'unsupported' } },
      }),
      result('lms', ['sampler:k_lms'], { state: 'fault', faults: [{ code: 'lane', message: '' }] }),
    ],
    [{ id: 'ddim', features: ['sampler:ddim'] }],
  )
  const entry = (name: string) => coverage.entries.find(each => each.name === name)

  test.each([
    ['sampler:k_euler', 'gated', ['euler', 'euler-again']],
    ['my-own', 'gated', ['euler']],
    ['sampler:k_heun', 'replayed', ['heun']],
    ['lora', 'replayed', ['heun']],
    ['lora + clip_skip', 'replayed', ['heun']],
    ['lora + tiling', 'missing', []],
    ['sampler:plms', 'aliased', ['plms']],
    ['control:hed', 'fault', ['hed']],
    ['sampler:k_lms', 'error', ['lms']],
    ['sampler:ddim', 'unselected', []],
    ['sampler:lcm', 'missing', []],
  ])('%s: %s', (name, status, cases) => {
    expect(entry(name)).toMatchObject({ status, cases })
  })
})

test('a recorded pop says itself what it asks for', () => {
  const pop = {
    model: 'm',
    source_image: 'aGVsbG8=',
    source_processing: 'inpainting',
    payload: {
      sampler_name: 'k_lms',
      karras: true,
      prompt: 'a {red|blue} disc ### text',
      n_iter: 2,
      loras: [{ name: 'x' }],
    },
  }
  expect(payloadFeatures(pop)).toEqual([
    'sampler:k_lms',
    'schedule:karras',
    'source:inpainting',
    'n_iter',
    'prompt:negative',
    'prompt:dynamic',
    'lora',
  ])
})
