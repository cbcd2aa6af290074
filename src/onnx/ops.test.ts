import { describe, expect, it } from 'vitest'
import { type Array32, filled, relativeError, runGraph } from '../../test/support/run-graph.js'
import { createGraph, type Dim, type Graph, type Value } from './index.js'

/** Builds a graph with one fp32 input per array, runs it, and returns its outputs. */
async function evaluate(
  inputs: Record<string, { value: Array32; symbols?: readonly Dim[] }>,
  body: (g: Graph, values: Record<string, Value>) => Record<string, Value>,
  options = {},
): Promise<Record<string, Array32>> {
  const g = createGraph(options)
  const values = Object.fromEntries(
    Object.entries(inputs).map(([name, { value, symbols }]) => [
      name,
      g.input(name, 'float32', symbols ?? value.shape),
    ]),
  )
  for (const [name, value] of Object.entries(body(g, values))) g.output(name, value)
  return runGraph(g.build(), Object.fromEntries(Object.entries(inputs).map(([name, { value }]) => [name, value])))
}

/** A tensor computed element by element. */
function compute(shape: readonly number[], at: (...index: number[]) => number): Float32Array {
  const data: number[] = []
  const visit = (index: number[]) => {
    if (index.length === shape.length) data.push(at(...index))
    else for (let i = 0; i < (shape[index.length] ?? 0); i++) visit([...index, i])
  }
  visit([])
  return Float32Array.from(data)
}

/** Reads an element; 0 outside of the tensor. */
function read({ shape, data }: Array32, ...index: number[]): number {
  if (index.some((i, axis) => i < 0 || i >= (shape[axis] ?? 0))) return 0
  return data[index.reduce((offset, i, axis) => offset * (shape[axis] ?? 0) + i, 0)] ?? 0
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i)
const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
const images = ['n', 4, 'h', 'w'] as const

function constant(g: Graph, name: string, { data, shape }: Array32): Value {
  return g.tensor(name, data, shape)
}

describe('operators, run in ONNX Runtime', () => {
  const x = filled([2, 4, 5, 7])

  it.each([
    { kernel: 3, stride: 1, padding: 1 },
    { kernel: 3, stride: 2, padding: 1 },
    { kernel: 3, stride: 2, padding: 0 },
    { kernel: 1, stride: 1, padding: 0 },
  ])('conv2d with %o sums windows', async ({ kernel, stride, padding }) => {
    const weight = filled([3, 4, kernel, kernel], 2)
    const bias = filled([3], 3)
    const { y } = await evaluate({ x: { value: x, symbols: images } }, (g, { x }) => ({
      y: g.conv2d(x as Value, constant(g, 'weight', weight), constant(g, 'bias', bias), { stride, padding }),
    }))
    const size = (length: number) => Math.floor((length + 2 * padding - kernel) / stride) + 1
    const expected = compute(
      [2, 3, size(5), size(7)],
      (n, o, i, j) =>
        read(bias, o) +
        total(
          range(4).flatMap(c =>
            range(kernel).flatMap(k =>
              range(kernel).map(
                l => read(weight, o, c, k, l) * read(x, n, c, i * stride + k - padding, j * stride + l - padding),
              ),
            ),
          ),
        ),
    )
    expect(y?.shape).toEqual([2, 3, size(5), size(7)])
    expect(relativeError((y as Array32).data, expected)).toBeLessThan(1e-6)
  })

  it('conv2d of a wrapping graph takes what it lacks from the opposite edge', async () => {
    const weight = filled([3, 4, 3, 3], 2)
    const { y } = await evaluate(
      { x: { value: x, symbols: images } },
      (g, { x }) => ({ y: g.conv2d(x as Value, constant(g, 'weight', weight), undefined, { padding: 1 }) }),
      { wrap: true },
    )
    const expected = compute([2, 3, 5, 7], (n, o, i, j) =>
      total(
        range(4).flatMap(c =>
          range(3).flatMap(k =>
            range(3).map(l => read(weight, o, c, k, l) * read(x, n, c, (i + k + 4) % 5, (j + l + 6) % 7)),
          ),
        ),
      ),
    )
    expect(relativeError((y as Array32).data, expected)).toBeLessThan(1e-6)
  })

  it('padBottomRight adds zeros after the last row and column', async () => {
    const { y } = await evaluate({ x: { value: x, symbols: images } }, (g, { x }) => ({
      y: g.padBottomRight(x as Value, 1),
    }))
    expect(y?.shape).toEqual([2, 4, 6, 8])
    expect(y?.data).toEqual(compute([2, 4, 6, 8], (...index) => read(x, ...index)))
  })

  it('linear multiplies rows with rows of the weight', async () => {
    const rows = filled([5, 6])
    const weight = filled([3, 6], 2)
    const bias = filled([3], 3)
    const { y } = await evaluate({ x: { value: rows, symbols: ['n', 6] } }, (g, { x }) => ({
      y: g.linear(x as Value, constant(g, 'weight', weight), constant(g, 'bias', bias)),
    }))
    const expected = compute(
      [5, 3],
      (n, o) => read(bias, o) + total(range(6).map(i => read(weight, o, i) * read(rows, n, i))),
    )
    expect(y?.shape).toEqual([5, 3])
    expect(relativeError((y as Array32).data, expected)).toBeLessThan(1e-6)
  })

  it('matmul multiplies rows with columns', async () => {
    const [a, b] = [filled([3, 5]), filled([5, 2], 2)]
    const { y } = await evaluate({ a: { value: a }, b: { value: b } }, (g, { a, b }) => ({
      y: g.matmul(a as Value, b as Value),
    }))
    const expected = compute([3, 2], (i, j) => total(range(5).map(k => read(a, i, k) * read(b, k, j))))
    expect(relativeError((y as Array32).data, expected)).toBeLessThan(1e-6)
  })

  it('layerNorm has mean 0 and variance 1 along the last axis before its weight', async () => {
    const tokens = filled([2, 5, 6])
    const [weight, bias] = [filled([6], 2), filled([6], 3)]
    const { y } = await evaluate({ x: { value: tokens } }, (g, { x }) => ({
      y: g.layerNorm(x as Value, constant(g, 'weight', weight), constant(g, 'bias', bias), 1e-3),
    }))
    const expected = compute([2, 5, 6], (n, t, i) => {
      const row = range(6).map(k => read(tokens, n, t, k))
      const mean = total(row) / 6
      const variance = total(row.map(value => (value - mean) ** 2)) / 6
      return ((read(tokens, n, t, i) - mean) / Math.sqrt(variance + 1e-3)) * read(weight, i) + read(bias, i)
    })
    expect(relativeError((y as Array32).data, expected)).toBeLessThan(1e-6)
  })

  it('groupNorm has mean 0 and variance 1 in each group of channels before its weight', async () => {
    const [weight, bias] = [filled([4, 1, 1], 2), filled([4, 1, 1], 3)]
    const { y } = await evaluate({ x: { value: x, symbols: images } }, (g, { x }) => ({
      y: g.groupNorm(x as Value, constant(g, 'weight', weight), constant(g, 'bias', bias), {
        groups: 2,
        epsilon: 1e-3,
      }),
    }))
    const expected = compute([2, 4, 5, 7], (n, c, i, j) => {
      const first = c - (c % 2)
      const group = [first, first + 1].flatMap(k => range(5).flatMap(p => range(7).map(q => read(x, n, k, p, q))))
      const mean = total(group) / group.length
      const variance = total(group.map(value => (value - mean) ** 2)) / group.length
      return ((read(x, n, c, i, j) - mean) / Math.sqrt(variance + 1e-3)) * read(weight, c, 0, 0) + read(bias, c, 0, 0)
    })
    expect(relativeError((y as Array32).data, expected)).toBeLessThan(1e-6)
  })

  it.each([{ causal: false }, { causal: true }])(
    'attention with %o averages values by their keys',
    async ({ causal }) => {
      const [heads, s, t, d] = [3, 4, causal ? 4 : 6, 15]
      const [q, k, v] = [filled([2, s, d]), filled([2, t, d], 2), filled([2, t, d], 3)]
      const { y } = await evaluate(
        {
          q: { value: q, symbols: ['n', 's', d] },
          k: { value: k, symbols: ['n', causal ? 's' : 't', d] },
          v: { value: v, symbols: ['n', causal ? 's' : 't', d] },
        },
        (g, { q, k, v }) => ({ y: g.attention({ q: q as Value, k: k as Value, v: v as Value, heads, causal }) }),
      )
      const expected = compute([2, s, d], (n, i, channel) => {
        const size = d / heads
        const head = Math.floor(channel / size)
        const scores = range(t).map(j =>
          causal && j > i
            ? 0
            : Math.exp(
                total(range(size).map(c => read(q, n, i, head * size + c) * read(k, n, j, head * size + c))) /
                  Math.sqrt(size),
              ),
        )
        return total(scores.map((score, j) => score * read(v, n, j, channel))) / total(scores)
      })
      expect(relativeError((y as Array32).data, expected)).toBeLessThan(1e-6)
    },
  )

  it('activations follow their definitions', async () => {
    const tokens = filled([2, 3, 8])
    for (const [i] of tokens.data.entries()) tokens.data[i] = (tokens.data[i] as number) * 4
    const y = await evaluate({ x: { value: tokens } }, (g, values) => {
      const x = values.x as Value
      return { silu: g.silu(x), gelu: g.gelu(x), quickGelu: g.quickGelu(x), geglu: g.geglu(x) }
    })
    // Φ by Simpson's rule: the error function without anyone's approximation of it.
    const phi = (x: number) => {
      const steps = 2000
      const density = (u: number) => Math.exp((-u * u) / 2) / Math.sqrt(2 * Math.PI)
      const weights = range(steps + 1).map(i => (i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2))
      return 0.5 + (total(weights.map((weight, i) => weight * density((x * i) / steps))) * x) / steps / 3
    }
    const map = (f: (x: number) => number) => Float32Array.from(tokens.data, f)
    expect(
      relativeError(
        (y.silu as Array32).data,
        map(x => x / (1 + Math.exp(-x))),
      ),
    ).toBeLessThan(1e-6)
    expect(
      relativeError(
        (y.quickGelu as Array32).data,
        map(x => x / (1 + Math.exp(-1.702 * x))),
      ),
    ).toBeLessThan(1e-6)
    expect(
      relativeError(
        (y.gelu as Array32).data,
        map(x => x * phi(x)),
      ),
    ).toBeLessThan(1e-6)
    const geglu = compute([2, 3, 4], (n, t, i) => {
      const gate = read(tokens, n, t, i + 4)
      return read(tokens, n, t, i) * gate * phi(gate)
    })
    expect(relativeError((y.geglu as Array32).data, geglu)).toBeLessThan(1e-6)
  })

  it('elementwise operators broadcast like numpy', async () => {
    const column = filled([2, 4, 1, 1], 2)
    const y = await evaluate(
      { x: { value: x, symbols: images }, c: { value: column, symbols: ['n', 4, 1, 1] } },
      (g, values) => {
        const [x, c] = [values.x as Value, values.c as Value]
        return { sum: g.add(x, c), product: g.mul(c, x), sin: g.sin(x), cos: g.cos(x), sigmoid: g.sigmoid(x) }
      },
    )
    const at = (f: (x: number, c: number) => number) =>
      compute([2, 4, 5, 7], (n, c, i, j) => f(read(x, n, c, i, j), read(column, n, c, 0, 0)))
    expect(
      relativeError(
        (y.sum as Array32).data,
        at((x, c) => x + c),
      ),
    ).toBeLessThan(1e-6)
    expect(
      relativeError(
        (y.product as Array32).data,
        at((x, c) => x * c),
      ),
    ).toBeLessThan(1e-6)
    expect(relativeError((y.sin as Array32).data, at(Math.sin))).toBeLessThan(1e-6)
    expect(relativeError((y.cos as Array32).data, at(Math.cos))).toBeLessThan(1e-6)
    expect(
      relativeError(
        (y.sigmoid as Array32).data,
        at(x => 1 / (1 + Math.exp(-x))),
      ),
    ).toBeLessThan(1e-6)
  })

  it('upsample2x repeats pixels, resizeNearest reaches odd sizes', async () => {
    const small = filled([2, 4, 3, 4], 2)
    const y = await evaluate(
      { small: { value: small, symbols: ['n', 4, 'a', 'b'] }, like: { value: x, symbols: ['n', 4, 'h', 'w'] } },
      (g, { small, like }) => ({
        twice: g.upsample2x(small as Value),
        resized: g.resizeNearest(small as Value, like as Value),
      }),
    )
    const at = (shape: number[]) =>
      compute(shape, (n, c, i, j) => read(small, n, c, Math.floor(i / 2), Math.floor(j / 2)))
    expect(y.twice).toEqual({ shape: [2, 4, 6, 8], data: at([2, 4, 6, 8]) })
    expect(y.resized).toEqual({ shape: [2, 4, 5, 7], data: at([2, 4, 5, 7]) })
  })

  it('layout operators move values only', async () => {
    const y = await evaluate({ x: { value: x, symbols: images } }, (g, values) => {
      const v = values.x as Value
      const tokens = g.reshape(g.transpose(v, [0, 2, 3, 1]), ['n', 'h*w', 4])
      const [one, three] = g.split(v, [1, 3], 1)
      return {
        rows: g.reshape(tokens, ['h*n*w', 4]),
        back: g.transpose(g.reshape(g.reshape(tokens, ['h*n*w', 4]), ['n', 'h', 'w', 4]), [0, 3, 1, 2]),
        swapped: g.concat([three as Value, one as Value], 1),
        middle: g.slice(v, { axis: 1, start: 1, end: 3 }),
      }
    })
    expect(y.rows).toEqual({
      shape: [70, 4],
      data: compute([70, 4], (r, c) => read(x, Math.floor(r / 35), c, Math.floor((r % 35) / 7), r % 7)),
    })
    expect(y.back).toEqual({ shape: [2, 4, 5, 7], data: compute([2, 4, 5, 7], (...index) => read(x, ...index)) })
    expect(y.swapped?.data).toEqual(compute([2, 4, 5, 7], (n, c, i, j) => read(x, n, (c + 1) % 4, i, j)))
    expect(y.middle?.data).toEqual(compute([2, 2, 5, 7], (n, c, i, j) => read(x, n, c + 1, i, j)))
  })

  it('gatherRows picks one row of each batch entry', async () => {
    const tokens = filled([3, 5, 2])
    const g = createGraph()
    const index = g.input('index', 'int64', ['n'])
    g.output('y', g.gatherRows(g.input('x', 'float32', ['n', 't', 2]), index))
    const { y } = await runGraph(g.build(), {
      x: tokens,
      index: { shape: [3], data: BigInt64Array.of(4n, 0n, 2n) },
    })
    expect(y).toEqual({ shape: [3, 2], data: compute([3, 2], (n, c) => read(tokens, n, [4, 0, 2][n] ?? 0, c)) })
  })
})
