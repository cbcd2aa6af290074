import { describe, expect, it } from 'vitest'
import { caseOf, failedPixels, runOf } from '../../test/report/record.js'
import { addSections } from '../../test/report/sections.js'
import { decidingMetric, foreignGoldens, headline, outcomeOf, reasonOf, summarise } from './summary.js'

const pass = caseOf('a', {})
const fail = caseOf('b', failedPixels())
const drift = caseOf('c', { verdict: 'drift' })
const fresh = caseOf('d', { verdict: 'no-golden', reason: 'nothing is approved for it' })
const waived = caseOf('e', { verdict: 'waived' })
const unchecked = caseOf('f')
const fault = caseOf('g', undefined, { state: 'fault', faults: [{ code: 'unsupported', message: 'no canny here' }] })
const refused = caseOf('i', {}, { ...fault, fixture: { ...fault.fixture, expect: { fault: 'unsupported' } } })
const cancelled = caseOf('h', undefined, { state: 'cancelled' })

describe('counting', () => {
  it('counts each verdict, and what was compared at all', () => {
    const { counts, judged, cases } = summarise(runOf([pass, pass, fail, drift, fresh, waived, unchecked, fault]))
    expect(counts).toEqual({ pass: 2, fail: 1, drift: 1, 'no-golden': 1, waived: 1, unjudged: 1, error: 1 })
    expect([cases, judged]).toEqual([8, 6])
  })

  it('takes a case that ended before it could be checked for an error, with its reason', () => {
    expect([outcomeOf(fault), reasonOf(fault)]).toEqual(['error', 'no canny here'])
    expect([outcomeOf(cancelled), reasonOf(cancelled)]).toEqual(['error', 'cancelled before it was done'])
    const before = { ...refused }
    delete before.verdict
    expect([outcomeOf(before), reasonOf(before)]).toEqual([
      'unjudged',
      'ended in the fault that is expected: no canny here',
    ])
    expect([outcomeOf(unchecked), reasonOf(unchecked)]).toEqual(['unjudged', 'not compared with a golden yet'])
  })

  it('lists features once, and retries in all', () => {
    const summary = summarise(
      runOf([
        { ...pass, retries: 2 },
        { ...fail, retries: 1 },
      ]),
    )
    expect(summary.features).toEqual(['sampler'])
    expect(summary.retries).toBe(3)
  })
})

describe('the sentence of a run', () => {
  it('tells of a stress run that failed, whatever the pictures say', () => {
    const stressed = (cases: Parameters<typeof runOf>[0]) => {
      const run = runOf(cases)
      addSections(run)
      return headline(summarise(run))
    }
    expect(stressed([pass])).toEqual({ tone: 'bad', text: 'The stress run failed' })
    expect(stressed([fail])).toEqual({ tone: 'bad', text: 'Of 1 case 1 failed; the stress run failed' })
  })

  it('tells of a run without cases what it did instead', () => {
    const run = runOf([])
    addSections(run)
    expect(headline(summarise(run))).toEqual({ tone: 'bad', text: '1 of 24 jobs came out as another' })
    delete run.stress
    expect(headline(summarise(run))).toEqual({ tone: 'good', text: '1.25× as fast as diffusers: faster' })
    if (run.speed) run.speed.valid = false
    expect(headline(summarise(run))).toEqual({ tone: 'bad', text: 'Void: the same build passed parity' })
    delete run.speed
    expect(headline(summarise(run))).toEqual({ tone: 'good', text: '6 cases priced' })
  })

  it.each([
    [[pass, pass], {}, 'good', 'All 2 cases match their goldens'],
    [[pass, waived], {}, 'good', 'All 2 cases match their goldens, 1 of them by a waiver'],
    [[pass, pass, refused], {}, 'good', 'All 2 cases match their goldens, 1 more ended in the fault that is expected'],
    [[pass, drift], {}, 'warn', 'Of 2 cases 1 drifted'],
    [[pass, fresh], {}, 'warn', 'Of 2 cases 1 has no golden'],
    [[unchecked], {}, 'warn', '1 case replayed, none compared yet'],
    [[pass, fail, fault], {}, 'bad', 'Of 3 cases 1 failed, 1 ended in an error'],
    [[pass], { pending: ['x', 'y'], complete: false }, 'bad', 'Of 3 cases 2 never ran'],
    [[], {}, 'bad', 'Nothing was replayed'],
  ] as const)('%#: %s', (cases, rest, tone, text) => {
    const run = runOf(cases, { ...rest, ...('pending' in rest ? { pending: [...rest.pending] } : { pending: [] }) })
    expect(headline(summarise(run))).toEqual({ tone, text })
  })

  it('tells what is wrong with the whole, though every case passes', () => {
    const run = runOf([pass, pass])
    const metrics = {}
    run.population = { gate: 'population', verdict: 'fail', reason: 'taken together, 2 pictures are paler', metrics }
    expect(headline(summarise(run))).toEqual({ tone: 'bad', text: 'Taken together, 2 pictures are paler' })
    run.selfProof = { verdict: 'fail', reason: '1 of 2 damaged pictures passed', trials: [] }
    expect(headline(summarise(run)).text).toBe(
      'The judge proves nothing: 1 of 2 damaged pictures passed; taken together, 2 pictures are paler',
    )
  })

  it('says when goldens are of another environment class', () => {
    const golden = { class: 'cpu-x64-avx512-fp32-ort1.30.0', crossClass: true, images: [], approvedBy: 'somebody' }
    const run = runOf([caseOf('a', { golden }), caseOf('b', { golden: { ...golden, class: 'z', crossClass: false } })])
    const sentence = foreignGoldens(summarise(run), run)
    expect(sentence).toContain('cpu-x64-avx512-fp32-ort1.30.0')
    expect(sentence).toContain('cpu-x64-avx2-fp32-ort1.30.0')
    expect(sentence).not.toContain('z')
    expect(sentence).toContain('goldens of its own for 1 of 2 cases only')
    const none = runOf([caseOf('a', { golden })])
    expect(foreignGoldens(summarise(none), none)).toContain('has no goldens of its own')
    expect(foreignGoldens(summarise(runOf([pass])), run)).toBeUndefined()
  })
})

describe('the metric that decided', () => {
  it('is the one furthest beyond its limit, in either direction', () => {
    expect(decidingMetric(fail)).toEqual({ gate: 'pixels', name: 'ssim', value: 0.9512, limit: 0.98 })
    const metrics = { ssim: 0.97, limit_ssim: 0.98, mean_rgb: 40, limit_mean_rgb: 1 }
    const colour = caseOf('x', {
      verdict: 'fail',
      gate: 'pixels',
      gates: [{ gate: 'pixels', verdict: 'fail', reason: '', metrics }],
    })
    expect(decidingMetric(colour)?.name).toBe('mean_rgb')
  })

  it('of a case that passed is the one nearest to its limit', () => {
    const metrics = { ssim: 0.99, limit_ssim: 0.98, psnr: 50, limit_psnr: 35 }
    const gates = [{ gate: 'pixels', verdict: 'pass' as const, reason: '', metrics }]
    expect(decidingMetric(caseOf('x', { gates }))?.name).toBe('ssim')
  })

  it('is none where nothing was measured', () => {
    expect(decidingMetric(unchecked)).toBeUndefined()
    expect(decidingMetric(fresh)).toBeUndefined()
  })
})
