/**
 * Brownian motion over an interval of sigmas, the same for every order of queries (torchsde's BrownianTree; Li et al. 2020,
 * arXiv:2001.01328). The interval is halved until a queried time is the end of a half; each split draws one Brownian bridge.
 */
import type { NoiseSampler } from '../types.js'
import { seedSequence } from './seed-sequence.js'
import { torchCpuGenerator } from './torch-cpu.js'

const POOL_SIZE = 24
/** Increments that are kept: both halves of the two paths, of 24 splits at most, that lead to the ends of a query; and some. */
const CACHE_SIZE = 128
const f32 = Math.fround

export interface BrownianTreeInput {
  /** Not negative. */
  seed: bigint
  /** Numbers of a latent. */
  size: number
  /** Ends of the interval; sigmas beyond are taken as these. */
  sigmaMin: number
  sigmaMax: number
}

interface Interval {
  start: number
  end: number
  parent?: Interval
  /** Path from the root, one bit a level. */
  spawnKey: bigint
  depth: bigint
  halves?: readonly [left: Interval, right: Interval]
}

/** Unit-variance noise between two sigmas: the motion's increment over the square root of their distance. */
export function brownianTree({ seed, size, sigmaMin, sigmaMax }: BrownianTreeInput): NoiseSampler {
  const root: Interval = { start: micro(sigmaMin), end: micro(sigmaMax), spawnKey: 0n, depth: 0n }
  const cache = new Map<Interval, Float32Array>()
  const rootScale = f32(Math.sqrt(sigmaMax - sigmaMin))
  const rootIncrement = draw().map(w => w * rootScale)

  /** One tensor of noise: the root's own, or that of an interval's bridge. */
  function draw(interval?: Interval): Float32Array {
    const spawnKey = interval ? [interval.spawnKey, interval.depth] : []
    const [drawSeed = 0] = seedSequence({ entropy: seed, spawnKey, poolSize: POOL_SIZE }, 1)
    return torchCpuGenerator(BigInt(drawSeed)).randn(size)
  }

  /** The motion's end minus its start on the interval. */
  function increment(interval: Interval): Float32Array {
    const { parent } = interval
    if (!parent?.halves) return rootIncrement
    const known = cache.get(interval)
    if (known) {
      remember(interval, known)
      return known
    }
    const [left, right] = parent.halves
    const whole = increment(parent)
    const noise = draw(parent)
    const leftLength = left.end - left.start
    const share = 1 / (parent.end - parent.start)
    const deviation = f32(Math.sqrt(leftLength * (right.end - right.start) * share))
    const [length32, share32] = [f32(leftLength), f32(share)]
    const leftIncrement = whole.map((w, i) => f32(f32(length32 * w) * share32) + f32(deviation * (noise[i] as number)))
    const rightIncrement = whole.map((w, i) => w - (leftIncrement[i] as number))
    remember(left, leftIncrement)
    remember(right, rightIncrement)
    return interval === left ? leftIncrement : rightIncrement
  }

  /** Keeps the increments that were used last. */
  function remember(interval: Interval, value: Float32Array): void {
    cache.delete(interval)
    cache.set(interval, value)
    if (cache.size <= CACHE_SIZE) return
    const [oldest] = cache.keys()
    if (oldest) cache.delete(oldest)
  }

  return (sigma, sigmaNext) => {
    const from = clamp(micro(Math.min(sigma, sigmaNext)), root)
    const to = clamp(micro(Math.max(sigma, sigmaNext)), root)
    const total = new Float32Array(size)
    if (from === to) return total
    for (const interval of cover(root, from, to)) {
      const part = increment(interval)
      for (let i = 0; i < size; i++) total[i] = (total[i] as number) + (part[i] as number)
    }
    const sign = sigma > sigmaNext ? -1 : 1
    const norm = sign * f32(Math.sqrt(f32(Math.abs(f32(sigmaNext) - f32(sigma)))))
    return total.map(w => w / norm)
  }
}

/** Intervals that make up [from, to], in order, split as far as needed. */
function cover(interval: Interval, from: number, to: number): Interval[] {
  if (from <= interval.start && to >= interval.end) return [interval]
  interval.halves ??= split(interval)
  const [left, right] = interval.halves
  if (to <= left.end) return cover(left, from, to)
  if (from >= left.end) return cover(right, from, to)
  return [...cover(left, from, left.end), ...cover(right, left.end, to)]
}

function split(parent: Interval): [Interval, Interval] {
  const { start, end, spawnKey, depth } = parent
  const middle = micro(0.5 * (start + end))
  return [
    { start, end: middle, parent, spawnKey: 2n * spawnKey, depth: depth + 1n },
    { start: middle, end, parent, spawnKey: 2n * spawnKey + 1n, depth: depth + 1n },
  ]
}

/** Times are resolved to six decimals, rounded as Python rounds: exact ties, which only odd multiples of 1/128 are, to even. */
function micro(time: number): number {
  if (Math.abs((time * 128) % 2) !== 1) return Number(time.toFixed(6))
  const below = Math.floor(time * 1e6)
  return (below + (below % 2)) / 1e6
}

function clamp(time: number, { start, end }: Interval): number {
  return Math.min(Math.max(time, start), end)
}
