/**
 * A count sketch of a tensor: a few sums from which the distance of two tensors can be told without either of them. Every
 * value is added, with a sign of its own, to a bucket of its own; ‖sketch(a) − sketch(b)‖² estimates ‖a − b‖² without bias,
 * with a relative standard deviation of √(2 / buckets). Thorup & Zhang, Tabulation-Based 5-Independent Hashing with
 * Applications to Linear Probing and Second Moment Estimation, SIAM J. Comput. 41(2), 2012.
 *
 * Sketches are stored with goldens: signs and buckets must never change.
 */

/** Buckets of a stage's sketch: distances within 9 %. */
export const STAGE_BUCKETS = 256

/** Buckets of a step's sketch: distances within 18 %, enough for the growth over the steps. */
export const STEP_BUCKETS = 64

/** @param buckets a power of two */
export function sketch(data: Float32Array, buckets: number): Float32Array {
  const sums = new Float64Array(buckets)
  for (let i = 0; i < data.length; i++) {
    const hash = mix(i)
    const bucket = hash & (buckets - 1)
    sums[bucket] = (sums[bucket] as number) + (hash < 0 ? -(data[i] as number) : (data[i] as number))
  }
  return Float32Array.from(sums)
}

/** MurmurHash3's finaliser (Austin Appleby, public domain) of `i + 1`; the uppermost bit is the sign. */
function mix(i: number): number {
  let hash = i + 1
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
