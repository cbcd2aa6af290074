/**
 * Logarithm, sine and cosine as the AVX2 builds of torch compute them for normal numbers: Cephes' float32 polynomials (Moshier,
 * `logf.c`, `sinf.c`), a multiplication and the addition after it rounded once. With them noise equals torch's bit for bit.
 */
const f32 = Math.fround

/** Coefficients of (log(1 + x) − x + x²/2) / x³, the highest power first. */
const LOG = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
].map(f32)
/** ln 2 as a short number and the rest. */
const LN2_HIGH = 0.693359375
const LN2_LOW = f32(-2.1219444e-4)
const SQRT_HALF = f32(Math.SQRT1_2)

const SIN = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1].map(f32)
const COS = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2].map(f32)
const FOUR_OVER_PI = f32(4 / Math.PI)
/** π/4 in three parts, so that its multiples are subtracted without loss. */
const QUARTER_PI = [0.78515625, 2.4187564849853516e-4, 3.774894977445941e-8].map(f32)

const word = new Float32Array(1)
const bits = new Int32Array(word.buffer)
const result = { sin: 0, cos: 0 }

/** @param x float32, greater than 0 */
export function logFloat32(x: number): number {
  word[0] = x
  const pattern = bits[0] as number
  let exponent = ((pattern >>> 23) & 0xff) - 126
  bits[0] = (pattern & 0x7fffff) | 0x3f000000
  // The mantissa, from ½ to 1, is moved to around 1.
  const mantissa = word[0] as number
  let t = f32(mantissa - 1)
  if (mantissa < SQRT_HALF) {
    exponent -= 1
    t = f32(t + mantissa)
  }
  const square = f32(t * t)
  let y = f32(polynomial(LOG, t) * t)
  y = f32(y * square + f32(exponent * LN2_LOW))
  y = f32(y - square * 0.5)
  return f32(f32(t + y) + exponent * LN2_HIGH)
}

/** Sine and cosine; what is returned is overwritten by the next call. @param x float32, from 0 to a few thousand */
export function sinCosFloat32(x: number): { sin: number; cos: number } {
  const octant = (Math.trunc(f32(x * FOUR_OVER_PI)) + 1) & ~1
  let t = x
  for (const part of QUARTER_PI) t = f32(t - octant * part)
  const square = f32(t * t)
  const cosine = f32(polynomial(COS, square) * square)
  const sine = f32(polynomial(SIN, square) * square)
  const cos = f32(f32(cosine * square - f32(square * 0.5)) + 1)
  const sin = f32(sine * t + t)
  const quadrant = (octant >> 1) & 3
  const odd = (quadrant & 1) === 1
  result.sin = (odd ? cos : sin) * (quadrant < 2 ? 1 : -1)
  result.cos = (odd ? sin : cos) * (quadrant === 0 || quadrant === 3 ? 1 : -1)
  return result
}

/** Horner's scheme. */
function polynomial(coefficients: readonly number[], x: number): number {
  let y = coefficients[0] as number
  for (let i = 1; i < coefficients.length; i++) y = f32(y * x + (coefficients[i] as number))
  return y
}
