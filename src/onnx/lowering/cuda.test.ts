import { fromBinary } from '@bufbuild/protobuf'
import { expect, it } from 'vitest'
import { filled, relativeError, runGraph } from '../../../test/support/run-graph.js'
import { type BuiltGraph, createGraph, type GraphOptions } from '../index.js'
import { ModelProtoSchema } from '../onnx_pb.js'

const operators = ({ bytes }: BuiltGraph) => fromBinary(ModelProtoSchema, bytes).graph?.node.map(node => node.opType)

const convolution = (options: GraphOptions) => {
  const g = createGraph(options)
  const x = g.cast(g.input('x', 'float32', ['n', 8, 'h', 'w']), g.compute)
  const weight = g.cast(g.tensor('weight', filled([16, 8, 3, 3]).data, [16, 8, 3, 3]), g.compute)
  g.output('y', g.conv2d(x, weight, undefined, { padding: 1 }))
  return g.build()
}

it('half floats are convolved with the channels last on CUDA alone', () => {
  expect(operators(convolution({ profile: 'cuda', compute: 'float16' }))).toContain('NhwcConv')
  expect(operators(convolution({ profile: 'cuda' }))).not.toContain('NhwcConv')
  expect(operators(convolution({ compute: 'float16' }))).not.toContain('NhwcConv')
})

it.each([
  { what: "one head as wide as the VAE's, on CUDA", profile: 'cuda', width: 512, heads: 1, causal: false },
  { what: 'heads of a device without fused attention', profile: 'plain', width: 96, heads: 3, causal: false },
  {
    what: 'positions that see no later one, without fused attention',
    profile: 'plain',
    width: 64,
    heads: 2,
    causal: true,
  },
] as const)(
  'taken apart, attention is what the fused operator computes: $what',
  async ({ profile, width, heads, causal }) => {
    const attend = (options: GraphOptions) => {
      const g = createGraph(options)
      const [q, k, v] = ['q', 'k', 'v'].map(name => g.input(name, 'float32', ['n', 9, width]))
      if (!q || !k || !v) throw new Error('unreachable')
      g.output('y', g.attention({ q, k, v, heads, causal }))
      return g.build()
    }
    const feeds = { q: filled([2, 9, width], 1), k: filled([2, 9, width], 2), v: filled([2, 9, width], 3) }
    const [fused, stepwise] = [attend({}), attend({ profile })]
    expect(operators(stepwise)).not.toContain('MultiHeadAttention')
    const [theirs, ours] = [await runGraph(fused, feeds), await runGraph(stepwise, feeds)]
    expect(relativeError(ours.y?.data ?? new Float32Array(), theirs.y?.data ?? new Float32Array())).toBeLessThan(1e-6)
  },
)
