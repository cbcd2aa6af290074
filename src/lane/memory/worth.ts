/**
 * What keeping a network is worth: GreedyDual-Size (Cao and Irani 1997, "Cost-Aware WWW Proxy Caching Algorithms"). Recency
 * counts, weighted by what loading it again costs for each byte that it occupies.
 */

export interface Idle {
  bytes: number
  /** Milliseconds that loading it took. */
  loadMs: number
  worth: number
}

/** Worth of a network that is used now. @param age worth of what was released last */
export function worthOf({ bytes, loadMs }: Pick<Idle, 'bytes' | 'loadMs'>, age: number): number {
  return age + loadMs / Math.max(1, bytes)
}

/** Who makes room first. */
export function leastWorth<T extends Idle>(networks: readonly T[]): T | undefined {
  return networks.reduce<T | undefined>(
    (least, network) => (least === undefined || network.worth < least.worth ? network : least),
    undefined,
  )
}
