import { describe, expect, test } from 'vitest'
import { caseOf, failedPixels, runOf } from '../../test/report/record.js'
import { addSections } from '../../test/report/sections.js'
import { pillarLine, pillarsOf } from './pillars.js'
import { summarise } from './summary.js'

const of = (run: ReturnType<typeof runOf>) =>
  pillarsOf({ run, summary: summarise(run), totalMs: run.cases.map(({ timings }) => timings.total) })

describe('pillars', () => {
  test('name the command that would measure them', () => {
    const run = runOf([caseOf('a'), caseOf('b')])
    expect(of(run).map(({ figure, command }) => [figure, command])).toEqual([
      [undefined, 'horde-onnx check RUN'],
      [undefined, 'horde-onnx stress'],
      [undefined, 'horde-onnx bench'],
    ])
    expect(of(run)[2].says).toBe('in this run half of the cases took less than 1.2 s')
    expect(pillarLine(of(run))).toBe(
      'Parity not measured (horde-onnx check RUN) · Stability not measured (horde-onnx stress) · Speed not measured (horde-onnx bench)',
    )
  })

  test('have one number each', () => {
    const run = runOf([caseOf('a', {}), caseOf('b', failedPixels()), caseOf('c', { verdict: 'no-golden' })])
    addSections(run)
    const [parity, stability, speed] = of(run)
    expect(stability).toMatchObject({
      figure: '22',
      unit: '/ 23',
      more: '1 bleed, 0 lost, 1 lane killed',
      tone: 'bad',
    })
    expect(parity).toMatchObject({ figure: '1', unit: '/ 2', says: 'cases match what was approved, 1 has no golden' })
    expect(speed).toMatchObject({
      figure: '1.25×',
      says: 'as fast as diffusers, 1.22–1.28× with 98 % confidence',
      more: '9,150 kudos an hour',
      tone: 'good',
    })
  })

  test('of a build that draws wrong pictures have no speed', () => {
    const run = runOf([caseOf('a', {})])
    addSections(run)
    if (run.speed) run.speed = { ...run.speed, valid: false, parity: { ...run.speed.parity, reason: '3 of 12 failed' } }
    expect(of(run)[2]).toEqual({ name: 'Speed', figure: 'void', says: '3 of 12 failed', tone: 'bad' })
  })

  test('without a baseline are what was measured of the one', () => {
    const run = runOf([caseOf('a', {})])
    addSections(run)
    const { kudos, speed } = run
    delete run.kudos
    if (speed) {
      const { decision: _, ...alone } = speed
      run.speed = alone
    }
    expect(of(run)[2]).toEqual({
      name: 'Speed',
      figure: '5',
      unit: 'steps/s',
      says: 'square-512, 512×512, 20 steps',
    })
    delete run.speed
    if (kudos) run.kudos = kudos
    expect(of(run)[2]).toMatchObject({ figure: '9,150', unit: 'kudos/h', says: '6 cases, 1.31× what comfyui earns' })
  })
})
