import { pythonRandom } from '../../prompt/python/random.js'

/** Numbers in [0, 1) that a seed repeats. */
export function seededRandom(seed: number): () => number {
  const { next32 } = pythonRandom(BigInt(seed))
  return () => next32() / 2 ** 32
}
