/**
 * `numpy.random.default_rng(seed)`: the seed is spread by numpy's SeedSequence (after M. O'Neill's `seed_seq_fe`), the numbers are
 * PCG64's, XSL-RR 128/64 (O'Neill 2014, HMC-CS-2014-0905).
 */

const MASK32 = 0xffff_ffffn
const MASK64 = (1n << 64n) - 1n
const MASK128 = (1n << 128n) - 1n
const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n

/** Uniform doubles in [0, 1), 53 bits each; `seed` is any whole number ≥ 0. */
export function uniformDoubles(seed: bigint): () => number {
  const [stateHigh = 0n, stateLow = 0n, streamHigh = 0n, streamLow = 0n] = seedWords(seed)
  const increment = ((((streamHigh << 64n) | streamLow) << 1n) | 1n) & MASK128
  const step = (state: bigint) => (state * MULTIPLIER + increment) & MASK128
  let state = step((step(0n) + ((stateHigh << 64n) | stateLow)) & MASK128)
  return () => {
    state = step(state)
    const folded = (state >> 64n) ^ (state & MASK64)
    const turn = state >> 122n
    const bits = ((folded >> turn) | (folded << (64n - turn))) & MASK64
    return Number(bits >> 11n) / 2 ** 53
  }
}

const POOL = 4

/** Four words of 64 bit: SeedSequence(seed).generate_state(4, uint64). */
function seedWords(seed: bigint): bigint[] {
  const entropy: number[] = []
  for (let rest = seed; rest > 0n; rest >>= 32n) entropy.push(Number(rest & MASK32))
  const hash = hasher(0x43b0d7e5, 0x931e8875)
  const pool = Array.from({ length: POOL }, (_, i) => hash(entropy[i] ?? 0))
  for (let from = 0; from < POOL; from++) {
    for (let to = 0; to < POOL; to++) {
      if (from !== to) pool[to] = mix(pool[to] ?? 0, hash(pool[from] ?? 0))
    }
  }
  for (const word of entropy.slice(POOL)) {
    for (let to = 0; to < POOL; to++) pool[to] = mix(pool[to] ?? 0, hash(word))
  }
  const draw = hasher(0x8b51f9dd, 0x58f38ded)
  const words = Array.from({ length: 2 * POOL }, (_, i) => BigInt(draw(pool[i % POOL] ?? 0)))
  return Array.from({ length: POOL }, (_, i) => (words[2 * i] ?? 0n) | ((words[2 * i + 1] ?? 0n) << 32n))
}

/** A hash whose constant moves on with every call. */
function hasher(initial: number, multiplier: number): (value: number) => number {
  let constant = initial
  return value => {
    value = (value ^ constant) >>> 0
    constant = Math.imul(constant, multiplier) >>> 0
    value = Math.imul(value, constant) >>> 0
    return (value ^ (value >>> 16)) >>> 0
  }
}

function mix(x: number, y: number): number {
  const value = (Math.imul(x, 0xca01f9dd) - Math.imul(y, 0x4973f715)) >>> 0
  return (value ^ (value >>> 16)) >>> 0
}
