/**
 * Python's `random`: the Mersenne Twister of Matsumoto and Nishimura (1998, doi:10.1145/272991.272995), seeded with an
 * integer of any length as CPython does, and `random.choice`.
 */

const N = 624
const M = 397

export interface PythonRandom {
  /** The next 32 bits. */
  next32(): number
  /** `random.choice`: one of a list that is not empty. */
  choice<T>(list: readonly T[]): T | undefined
}

/** A generator after `random.seed(seed)`. The sign of the seed is dropped, as Python drops it. */
export function pythonRandom(seed: bigint): PythonRandom {
  const state = seededState(seed)
  let index = N

  const next32 = () => {
    if (index >= N) {
      twist(state)
      index = 0
    }
    let y = state[index++] as number
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }

  /** As many bits as `length` has, drawn again until they are below it. */
  const below = (length: number) => {
    const bits = 32 - Math.clz32(length)
    let drawn: number
    do drawn = next32() >>> (32 - bits)
    while (drawn >= length)
    return drawn
  }

  return { next32, choice: list => (list.length === 0 ? undefined : list[below(list.length)]) }
}

/** `init_by_array` over the seed's 32-bit digits, lowest first. */
function seededState(seed: bigint): Uint32Array {
  const key: number[] = []
  for (let rest = seed < 0n ? -seed : seed; rest > 0n; rest >>= 32n) key.push(Number(rest & 0xffffffffn))
  if (key.length === 0) key.push(0)

  const state = new Uint32Array(N)
  state[0] = 19650218
  const mixed = (i: number, factor: number) => {
    const before = state[i - 1] as number
    return Math.imul(before ^ (before >>> 30), factor)
  }
  for (let i = 1; i < N; i++) state[i] = mixed(i, 1812433253) + i

  let i = 1
  let j = 0
  const step = () => {
    if (++i < N) return
    state[0] = state[N - 1] as number
    i = 1
  }
  for (let k = Math.max(N, key.length); k > 0; k--) {
    state[i] = ((state[i] as number) ^ mixed(i, 1664525)) + (key[j] ?? 0) + j
    step()
    j = (j + 1) % key.length
  }
  for (let k = N - 1; k > 0; k--) {
    state[i] = ((state[i] as number) ^ mixed(i, 1566083941)) - i
    step()
  }
  state[0] = 0x80000000
  return state
}

function twist(state: Uint32Array): void {
  for (let i = 0; i < N; i++) {
    const y = ((state[i] as number) & 0x80000000) | ((state[(i + 1) % N] as number) & 0x7fffffff)
    state[i] = (state[(i + M) % N] as number) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
  }
}
