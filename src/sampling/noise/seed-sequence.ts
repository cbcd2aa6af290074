/** numpy's SeedSequence (O'Neill's seed_seq_fe): words of 32 bits hashed from entropy and spawn key. */
const INIT_A = 0x43b0d7e5
const MULT_A = 0x931e8875
const INIT_B = 0x8b51f9dd
const MULT_B = 0x58f38ded
const MIX_LEFT = 0xca01f9dd
const MIX_RIGHT = 0x4973f715
const SHIFT = 16

export interface SeedSequenceInput {
  /** Not negative. */
  entropy: bigint
  spawnKey?: readonly bigint[]
  poolSize: number
}

/** `numpy.random.SeedSequence(entropy, spawn_key, pool_size).generate_state(count)`. */
export function seedSequence({ entropy, spawnKey = [], poolSize }: SeedSequenceInput, count: number): Uint32Array {
  const words = wordsOf(entropy)
  if (spawnKey.length > 0) while (words.length < poolSize) words.push(0)
  words.push(...spawnKey.flatMap(wordsOf))

  const pool = mixedPool(words, poolSize)
  const state = new Uint32Array(count)
  let multiplier = INIT_B
  for (let i = 0; i < count; i++) {
    let word = (pool[i % poolSize] ?? 0) ^ multiplier
    multiplier = Math.imul(multiplier, MULT_B)
    word = Math.imul(word, multiplier)
    state[i] = word ^ (word >>> SHIFT)
  }
  return state
}

function mixedPool(words: readonly number[], poolSize: number): Uint32Array {
  let multiplier = INIT_A
  const hash = (word: number): number => {
    word ^= multiplier
    multiplier = Math.imul(multiplier, MULT_A)
    word = Math.imul(word, multiplier)
    return word ^ (word >>> SHIFT)
  }
  const mix = (a: number, b: number): number => {
    const mixed = Math.imul(MIX_LEFT, a) - Math.imul(MIX_RIGHT, b)
    return mixed ^ (mixed >>> SHIFT)
  }

  const pool = Uint32Array.from({ length: poolSize }, (_, i) => hash(words[i] ?? 0))
  for (let source = 0; source < poolSize; source++)
    for (let target = 0; target < poolSize; target++)
      if (source !== target) pool[target] = mix(pool[target] ?? 0, hash(pool[source] ?? 0))
  for (const word of words.slice(poolSize))
    for (let target = 0; target < poolSize; target++) pool[target] = mix(pool[target] ?? 0, hash(word))
  return pool
}

/** Little-endian 32-bit words; zero is one word. */
function wordsOf(value: bigint): number[] {
  const words = [Number(BigInt.asUintN(32, value))]
  for (let rest = value >> 32n; rest > 0n; rest >>= 32n) words.push(Number(BigInt.asUintN(32, rest)))
  return words
}
