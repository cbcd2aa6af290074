import { describe, expect, it } from 'vitest'
import { type Array32, filled, relativeError, runGraph } from '../../../test/support/run-graph.js'
import { createGraph } from '../index.js'

describe('convolutions that processors do another way', () => {
  it.each([
    ['cpu', 4, false],
    ['cpu', 256, false],
    ['cpu', 256, true],
    ['portable', 256, false],
    ['cuda', 256, false],
  ] as const)('upsampleConv (%s, %i channels, wrapping: %s) convolves the doubled picture', async (...of) => {
    const [profile, channels, wrap] = of
    const small = filled([2, channels, 3, 4], 2)
    const [weight, bias] = [filled([channels, channels, 3, 3], 3), filled([channels], 4)]
    const g = createGraph({ profile, wrap })
    const x = g.input('x', 'float32', ['n', channels, 'h', 'w'])
    const [taps, added] = [g.tensor('weight', weight.data, weight.shape), g.tensor('bias', bias.data, bias.shape)]
    const kernel = { out: channels, in: channels, as: (shape: readonly number[]) => g.reshape(taps, shape) }
    g.output('y', g.upsampleConv(x, kernel, added))
    g.output('expected', g.conv2d(g.upsample2x(x), taps, added, { padding: 1 }))
    const { y, expected } = await runGraph(g.build(), { x: small })
    expect(y?.shape).toEqual([2, channels, 6, 8])
    expect(relativeError((y as Array32).data, (expected as Array32).data)).toBeLessThan(1e-6)
    // Summed in another order, where that is done.
    const inFour = channels === 256 && profile === 'cpu'
    expect((y as Array32).data.some((value, i) => value !== expected?.data[i])).toBe(inFour)
  })

  it.each([
    ['cpu', [256, 320, 3, 3], '2*h', false, true],
    ['cpu', [256, 320, 3, 3], 'h', false, false],
    ['cpu', [256, 320, 3, 3], '2*h', true, false],
    ['cpu', [192, 320, 3, 3], '2*h', false, false],
    ['portable', [256, 320, 3, 3], '2*h', false, false],
  ] as const)('conv3x3 (%s, weight of %o, %s rows, wrapping: %s) keeps the size', async (...of) => {
    const [profile, [out, inner], rows, wrap, inPairs] = of
    const picture = filled([2, inner, 6, 5], 2)
    const [weight, bias] = [filled([out, inner, 3, 3], 3), filled([out], 4)]
    const g = createGraph({ profile, wrap })
    const x = g.input('x', 'float32', ['n', inner, rows, 'w'])
    const [taps, added] = [g.tensor('weight', weight.data, weight.shape), g.tensor('bias', bias.data, bias.shape)]
    const kernel = { out, in: inner, as: (shape: readonly number[]) => g.reshape(taps, shape) }
    g.output('y', g.conv3x3(x, kernel, added))
    g.output('expected', g.conv2d(x, taps, added, { padding: 1 }))
    const { y, expected } = await runGraph(g.build(), { x: picture })
    expect(y?.shape).toEqual([2, out, 6, 5])
    expect(relativeError((y as Array32).data, (expected as Array32).data)).toBeLessThan(1e-6)
    // Summed in another order, where rows are computed in pairs.
    expect((y as Array32).data.some((value, i) => value !== expected?.data[i])).toBe(inPairs)
  })
})
