/**
 * Two-sided p of Mann and Whitney's U test (1947), for a suspicion that two samples differ. Exact without ties and up to 25 values
 * a side; else the normal approximation with correction for ties and continuity.
 */
export function mannWhitneyP(a: readonly number[], b: readonly number[]): number {
  const [n, m] = [a.length, b.length]
  if (n === 0 || m === 0) return 1
  let u = 0
  let ties = false
  for (const x of a) {
    for (const y of b) {
      if (x === y) ties = true
      u += x > y ? 1 : x === y ? 0.5 : 0
    }
  }
  const smaller = Math.min(u, n * m - u)
  if (!ties && n <= 25 && m <= 25) return Math.min(1, 2 * exactTail(n, m, smaller))
  const all = [...a, ...b].toSorted((x, y) => x - y)
  let tied = 0
  for (let i = 0; i < all.length; ) {
    const run = all.lastIndexOf(all[i] ?? 0) - i + 1
    tied += run ** 3 - run
    i += run
  }
  const total = n + m
  const sigma = Math.sqrt(((n * m) / 12) * (total + 1 - tied / (total * (total - 1))))
  if (sigma === 0) return 1
  return Math.min(1, 2 * (1 - normalCdf((Math.abs(smaller - (n * m) / 2) - 0.5) / sigma)))
}

/** P(U ≤ u): the coefficients of the Gaussian binomial [n+m choose n] count the orders of each U. */
function exactTail(n: number, m: number, u: number): number {
  const size = n * m + 1
  const counts = new Float64Array(size)
  counts[0] = 1
  for (let i = 1; i <= n; i++) {
    for (let at = size - 1; at >= m + i; at--) counts[at] = (counts[at] ?? 0) - (counts[at - m - i] ?? 0)
    for (let at = i; at < size; at++) counts[at] = (counts[at] ?? 0) + (counts[at - i] ?? 0)
  }
  let [below, all] = [0, 0]
  for (const [at, count] of counts.entries()) {
    all += count
    if (at <= u) below += count
  }
  return below / all
}

/** Abramowitz and Stegun 26.2.17, to 7.5e-8. */
function normalCdf(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x))
  const tail =
    (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return x >= 0 ? 1 - tail : tail
}
