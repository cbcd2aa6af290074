import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  batchIndexNoise,
  brownianTree,
  stepNoise,
  torchCpuGenerator,
  torchCpuNoise,
  torchCudaGenerator,
} from './index.js'
import { seedSequence } from './seed-sequence.js'

const VECTORS = new URL('../../../../shared/reference/vectors/', import.meta.url)
const missing = !existsSync(VECTORS)
const why = missing ? ' (skipped: no ../shared/reference)' : ''

/** Seeds become bigints: some are beyond 2^53. */
function vectors<T>(file: string): T[] {
  const text = readFileSync(new URL(file, VECTORS), 'utf8').replace(/"seed": (\d+)/g, '"seed": "$1"')
  const { cases }: { cases: T[] } = JSON.parse(text)
  return cases
}

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}

/** Largest distance relative to a number's size, or to 0.05 for those near zero. */
function distance(actual: Iterable<number>, expected: readonly number[]): number {
  return Math.max(
    ...[...actual].map(
      (value, i) => Math.abs(value - (expected[i] ?? NaN)) / Math.max(Math.abs(expected[i] ?? 0), 0.05),
    ),
  )
}

describe('torch CPU noise', () => {
  it.each([
    { seed: 42n, n: 20, head: [1.9269, 1.4873, 0.9007, -2.1055, -0.7581, 1.0783, 0.8008, 1.6806, 0.3559, -0.6866] },
    { seed: 0n, n: 16, head: [-1.1258, -1.1524, -0.2506, -0.4339, 0.8487, 0.692, -0.316, -2.1152, 0.3223, -1.2633] },
    { seed: 0n, n: 6, head: [1.541, -0.2934, -2.1788, 0.5684, -1.0845, -1.3986] },
  ])('draws the published numbers of seed $seed, n = $n', ({ seed, n, head }) => {
    const drawn = torchCpuNoise(seed, [n]).subarray(0, head.length)
    for (const [i, value] of drawn.entries()) expect(value).toBeCloseTo(head[i] ?? NaN, 4)
  })

  it('goes on with its stream at the next draw, an odd number left over included', () => {
    const whole = torchCpuGenerator(7n).randn(6)
    const generator = torchCpuGenerator(7n)
    expect([...generator.randn(1), ...generator.randn(2), ...generator.randn(3)]).toEqual([...whole])
  })

  describe.skipIf(missing)(`of the reference pack${why}`, () => {
    interface Case {
      seed: string
      shape: number[]
      first: number[]
      last: number[]
      sha256: string
    }
    it.each(missing ? [] : vectors<Case>('noise-cpu.json'))(
      'seed $seed, shape $shape',
      ({ seed, shape, ...expected }) => {
        const noise = torchCpuNoise(BigInt(seed), shape)
        expect([...noise.subarray(0, expected.first.length)]).toEqual(expected.first)
        expect([...noise.subarray(-expected.last.length)]).toEqual(expected.last)
        expect(createHash('sha256').update(noise).digest('hex')).toBe(expected.sha256)
      },
    )

    interface IndexedCase {
      seed: string
      batch_index: number[]
      noise: number[][]
    }
    it('of a batch index takes each item from its own place in the stream', () => {
      // Items of 4×4×4 were drawn; the first six numbers of each are kept.
      for (const { seed, batch_index, noise } of vectors<IndexedCase>('noise-batch-index.json')) {
        const drawn = batchIndexNoise(BigInt(seed), [batch_index.length, 4, 4, 4], batch_index)
        for (const [i, expected] of noise.entries())
          expect([...drawn.subarray(i * 64, i * 64 + expected.length)]).toEqual(expected)
      }
    })
  })
})

describe('torch CUDA noise', () => {
  // The docstring of A1111's modules/rng_philox.py, drawn by torch on a GPU.
  const PUBLISHED = [-0.92466259, -0.42534415, -2.6438457, 0.14518388]

  it('draws the published numbers of seed 0', () => {
    const drawn = torchCudaGenerator({ seed: 0n }).randn(12)
    expect(distance(drawn.subarray(0, 4), PUBLISHED)).toBeLessThan(1e-6)
  })

  it('encrypts as the known answer of Random123 for a counter of zeros and a key of zeros', () => {
    // kat_vectors: philox4x32 10, key 0 0, counter 0 0 0 0 → 6627e8d5 e169c58d bc57ac4c 9b00dbd8
    const [x, y, z, w] = [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8].map(word => (word + 0.5) / 2 ** 32)
    const lanes = torchCudaGenerator({ seed: 0n, gridThreads: 1 }).randn(4)
    const expected = [
      [x, y, Math.sin],
      [x, y, Math.cos],
      [z, w, Math.sin],
      [z, w, Math.cos],
    ] as const
    expect(
      distance(
        lanes,
        expected.map(([u, v, wave]) => Math.sqrt(-2 * Math.log(u ?? NaN)) * wave(2 * Math.PI * (v ?? NaN))),
      ),
    ).toBeLessThan(1e-6)
  })

  it('gives a small grid the lanes of its threads, then their next blocks', () => {
    const alone = torchCudaGenerator({ seed: 99n })
    const first = alone.randn(3)
    const second = alone.randn(3)
    const small = torchCudaGenerator({ seed: 99n, gridThreads: 3 }).randn(15)
    expect([...small.subarray(0, 3)]).toEqual([...first])
    expect([...small.subarray(12, 15)]).toEqual([...second])
  })

  it('uses all 64 bits of a seed', () => {
    const draw = (seed: bigint) => torchCudaGenerator({ seed }).randn(8)
    expect(draw(2n ** 63n - 1n)).not.toEqual(draw(2n ** 32n - 1n))
  })
})

describe('SeedSequence', () => {
  it.each([
    { entropy: 42n, spawnKey: [], state: [387750627, 2536650517, 4078839648] },
    { entropy: 42n, spawnKey: [0n, 0n], state: [2102017995, 2891809698, 2144110403, 379559146] },
  ])('hashes entropy $entropy with spawn key $spawnKey as numpy does', ({ entropy, spawnKey, state }) => {
    expect([...seedSequence({ entropy, spawnKey, poolSize: 24 }, state.length)]).toEqual(state)
  })
})

describe('the Brownian tree', () => {
  const input = { seed: 3n, size: 2000, sigmaMin: 0.03, sigmaMax: 14.6 }

  it('adds up: the parts of an interval are the whole', () => {
    const tree = brownianTree(input)
    const scale = (a: number, b: number) => Math.sqrt(Math.abs(a - b))
    const [whole, first, second] = [tree(9, 1), tree(9, 4), tree(4, 1)]
    const parts = first.map((v, i) => (v * scale(9, 4) + (second[i] ?? NaN) * scale(4, 1)) / scale(9, 1))
    expect(distance(parts, [...whole])).toBeLessThan(1e-4)
  })

  it('answers the same whatever was asked before', () => {
    const tree = brownianTree(input)
    for (let sigma = 14; sigma > 1; sigma -= 0.37) tree(sigma, sigma - 0.37)
    expect(distance(tree(7.7, 2.2), [...brownianTree(input)(7.7, 2.2)])).toBeLessThan(1e-4)
  })

  it('has unit variance, no mean, and independent steps', () => {
    const tree = brownianTree(input)
    const [a, b] = [tree(5, 2), tree(2, 1)]
    expect(Math.abs(sum(a) / a.length)).toBeLessThan(0.1)
    expect(sum(a.map(v => v * v)) / a.length).toBeCloseTo(1, 1)
    expect(Math.abs(sum(a.map((v, i) => v * (b[i] ?? NaN))) / a.length)).toBeLessThan(0.1)
  })

  describe.skipIf(missing)(`of the reference pack${why}`, () => {
    interface Case {
      seed: string
      shape: number[]
      sigma_min: number
      sigma_max: number
      queries_in_order: { sigma: number; sigma_next: number; first: number[]; sum: number }[]
    }
    it.each(missing ? [] : vectors<Case>('brownian.json'))('seed $seed, shape $shape', found => {
      const { seed, shape, sigma_min: sigmaMin, sigma_max: sigmaMax } = found
      const size = shape.reduce((a, b) => a * b, 1)
      const tree = brownianTree({ seed: BigInt(seed), size, sigmaMin, sigmaMax })
      for (const { sigma, sigma_next, first, sum: expectedSum } of found.queries_in_order) {
        const noise = tree(sigma, sigma_next)
        expect(distance(noise.subarray(0, first.length), first)).toBeLessThan(1e-6)
        expect(Math.abs(sum(noise) - expectedSum) / size).toBeLessThan(1e-6)
      }
    })
  })
})

describe('step noise', () => {
  const input = { seed: 11n, shape: [1, 4, 8, 8], sigmas: Float32Array.of(10, 5, 1, 0) }

  it('on the CPU is the stream of the next seed, so that it does not repeat the first noise', () => {
    const noise = stepNoise({ ...input, sampler: 'euler_ancestral', kind: 'cpu' })
    expect(noise(10, 5)).toEqual(torchCpuNoise(12n, input.shape))
  })

  it('on CUDA is one offset a draw', () => {
    const noise = stepNoise({ ...input, sampler: 'euler_ancestral', kind: 'cuda' })
    const generator = torchCudaGenerator({ seed: 11n })
    expect([noise(10, 5), noise(5, 1)]).toEqual([generator.randn(256), generator.randn(256)])
  })

  it('of an SDE sampler is the Brownian path between the smallest positive and the largest sigma', () => {
    const noise = stepNoise({ ...input, sampler: 'dpmpp_2m_sde', kind: 'cuda' })
    expect(noise(10, 5)).toEqual(brownianTree({ seed: 11n, size: 256, sigmaMin: 1, sigmaMax: 10 })(10, 5))
  })
})
