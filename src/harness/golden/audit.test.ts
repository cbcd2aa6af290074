import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../gates/limits.js'
import { goldenOf } from '../gates/testing.js'
import { blot, edited } from '../testing.js'
import { auditGoldens } from './audit.js'

const PLAN = { version: 1, batch: 1, passes: [{ width: 64, height: 64, sampler: 'ddim', sigmas: [14.6, 1, 0] }] }
const NEARLY = edited(blot(1), (value, i) => value + (i % 997 === 0 ? 1 : 0))

describe('the audit of goldens', () => {
  test('names pairs that pixels cannot tell apart, and the gate that does', async () => {
    const { pairs, tooClose } = await auditGoldens(
      [
        goldenOf(blot(1), { case: 'euler' }),
        goldenOf(NEARLY, { case: 'ddim', plan: PLAN, planSha256: 'x' }),
        goldenOf(blot(20), { case: 'other' }),
      ],
      DEFAULT_LIMITS,
    )
    expect(pairs).toBe(6)
    expect(tooClose.map(({ drawn, approved }) => `${drawn} for ${approved}`)).toEqual([
      'ddim for euler',
      'euler for ddim',
    ])
    expect(tooClose[0]?.by).toEqual({
      arithmetic: { pixels: false, gate: 'plan' },
      other: { pixels: false, gate: 'plan' },
    })
  })

  test('says where nothing tells them apart', async () => {
    const { tooClose } = await auditGoldens(
      [goldenOf(blot(1), { case: 'a' }), goldenOf(blot(1), { case: 'b' })],
      DEFAULT_LIMITS,
    )
    expect(tooClose[0]).toMatchObject({ psnr: null, by: { arithmetic: { pixels: false } } })
    expect(tooClose[0]?.by.arithmetic).not.toHaveProperty('gate')
  })
})
