/**
 * The Mersenne Twister as torch seeds it (Matsumoto and Nishimura 1998; aten `core/MT19937RNGEngine.h`). Only the low 32 bits
 * of a seed count.
 */
const SIZE = 624
const SHIFT = 397

export interface Mt19937 {
  /** The next 32 random bits, unsigned. */
  next(): number
}

/** @param seed any integer; seeds that agree in their low 32 bits draw the same numbers */
export function mt19937(seed: bigint): Mt19937 {
  const state = new Uint32Array(SIZE)
  let previous = Number(BigInt.asUintN(32, seed))
  state[0] = previous
  for (let i = 1; i < SIZE; i++) {
    previous = (Math.imul(1812433253, previous ^ (previous >>> 30)) + i) >>> 0
    state[i] = previous
  }
  let at = SIZE

  function refill(): void {
    for (let i = 0; i < SIZE; i++) {
      const bits = ((state[i] as number) & 0x80000000) | ((state[(i + 1) % SIZE] as number) & 0x7fffffff)
      state[i] = (state[(i + SHIFT) % SIZE] as number) ^ (bits >>> 1) ^ ((bits & 1) === 0 ? 0 : 0x9908b0df)
    }
    at = 0
  }

  return {
    next() {
      if (at === SIZE) refill()
      let y = state[at++] as number
      y ^= y >>> 11
      y ^= (y << 7) & 0x9d2c5680
      y ^= (y << 15) & 0xefc60000
      return (y ^ (y >>> 18)) >>> 0
    },
  }
}
