import { describe, expect, test } from 'vitest'
import type { Picture } from '../metrics/picture.js'
import { blot, edited } from '../testing.js'
import { contrastGate } from './contrast.js'
import { DEFAULT_LIMITS } from './limits.js'
import { samenessGate } from './sameness.js'

const ON = blot(3)
const OFF = blot(20)
/** Correlates with `ON` like ddim with euler, 0.98 to 0.99, although no pixel is spared. */
const NEAR = edited(ON, (value, i) => value + (((i * 7919) % 31) - 15))
const LAST_BITS = edited(ON, (value, i) => value + (i % 997 === 0 ? 1 : 0))
const LARGE = blot(3, { width: 128 })

interface Row {
  picture: Picture
  golden?: Picture
  twin: { golden?: Picture; drawn?: Picture }
  noise?: number
}

function gate({ picture, golden, twin, noise }: Row) {
  const list = (picture: Picture | undefined) => picture && [picture]
  return contrastGate({
    pictures: [picture],
    golden: list(golden),
    twin: { id: 'off', golden: list(twin.golden), drawn: list(twin.drawn) },
    ...(noise === undefined ? {} : { noise }),
  })
}

describe('a feature', () => {
  test.each<[string, Row, string, string]>([
    ['that shows', { picture: ON, golden: ON, twin: { golden: OFF } }, 'pass', 'closer to its golden'],
    ['that shows, off by last bits', { picture: LAST_BITS, golden: ON, twin: { golden: OFF } }, 'pass', 'by 0.'],
    ['that is lost', { picture: OFF, golden: ON, twin: { golden: OFF } }, 'fail', 'the feature does not show'],
    ['without a golden', { picture: ON, twin: { drawn: OFF } }, 'pass', 'closer to its golden than to its twin off'],
    ['lost, without a golden', { picture: ON, twin: { drawn: ON } }, 'unmeasured', 'within the noise'],
    ['whose twin is nowhere', { picture: ON, golden: ON, twin: {} }, 'unmeasured', 'neither drawn nor approved'],
    ['approved as its own twin', { picture: ON, golden: ON, twin: { golden: ON } }, 'fail', 'proves nothing'],
    ['that changes the size', { picture: LARGE, golden: LARGE, twin: { golden: ON } }, 'pass', '128×64×3, not 64×64×3'],
    ['that correlates', { picture: NEAR, golden: NEAR, twin: { golden: ON } }, 'pass', 'levels away from its twin'],
    ['that correlates and is lost', { picture: ON, golden: NEAR, twin: { golden: ON } }, 'fail', 'does not show'],
    [
      'that correlates, where noise is as large',
      { picture: NEAR, golden: NEAR, twin: { golden: ON }, noise: 6 },
      'unmeasured',
      'pixels cannot tell them apart',
    ],
  ])('%s', (_, row, verdict, reason) => {
    expect(gate(row)).toMatchObject({ gate: 'contrast', verdict, reason: expect.stringContaining(reason) })
  })

  test('is measured by the margin between two correlations', () => {
    const { metrics } = gate({ picture: ON, golden: ON, twin: { golden: OFF } })
    // Python's statistics.correlation of the two lumas (0.299, 0.587, 0.114) is 0.5883241372.
    expect(metrics.margin).toBeCloseTo(1 - 0.5883241372, 9)
    expect(metrics.limit_margin).toBe(0.05)
  })

  test('that correlates is measured by its distance in 8-bit levels', () => {
    const { metrics } = gate({ picture: NEAR, golden: NEAR, twin: { golden: ON } })
    expect(metrics.twin_distance).toBeCloseTo(8.9312878, 6)
    expect(metrics.limit_twin_distance).toBeCloseTo(0.4, 9)
  })

  test('of a batch counts in all its pictures', () => {
    const batch = (...pictures: Picture[]) =>
      contrastGate({ pictures, golden: [ON, ON], twin: { id: 'off', golden: [OFF, OFF] } })
    expect(batch(ON, ON).verdict).toBe('pass')
    expect(batch(OFF, OFF).verdict).toBe('fail')
    expect(batch(ON).reason).toContain('in number or size')
  })
})

describe('an alias', () => {
  test.each<[string, Picture, { drawn?: Picture[]; golden?: Picture[] }, string, string]>([
    ['draws the other picture', ON, { drawn: [ON] }, 'pass', 'the picture of euler'],
    ['but for last bits', LAST_BITS, { drawn: [ON] }, 'pass', 'the picture of euler'],
    ['as it was approved', ON, { golden: [ON] }, 'pass', 'the picture of euler'],
    ['is another picture', OFF, { drawn: [ON] }, 'fail', 'has to be the picture of euler: another picture: SSIM'],
    ['of nothing', ON, {}, 'unmeasured', 'neither drawn nor approved'],
  ])('%s', (_, picture, other, verdict, reason) => {
    const result = samenessGate({
      pictures: [picture],
      other: { id: 'euler', ...other },
      limits: DEFAULT_LIMITS.kin.class.pixels,
    })
    expect(result).toMatchObject({ gate: 'contrast', verdict, reason: expect.stringContaining(reason) })
  })
})
