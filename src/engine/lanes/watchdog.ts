/**
 * Notices a lane that hangs. A lane blocks its thread while it computes, so it cannot send heartbeats; it says before each
 * stretch of work how large that is, and a stretch that takes far longer than that is a hang.
 */
import type { Busy } from '../../lane/protocol.js'

export interface Watchdog {
  busy(work: Busy): void
  /** The lane spoke: the stretch is over. */
  heard(): void
  stop(): void
}

/** Slowest machine that is believed in before anything was measured: multiply-adds and bytes a second. */
const SLOWEST = { multiplyAdds: 2e8, bytes: 5e6 }

/** How many times slower than the slowest stretch so far a stretch may be. */
const PATIENCE = 20

/** @param floorMs every stretch may take this long @param onHang called once a stretch has taken too long */
export function createWatchdog(floorMs: number, onHang: (what: string, afterMs: number) => void): Watchdog {
  const slowest: Partial<Record<'multiplyAdds' | 'bytes', number>> = {}
  let timer: NodeJS.Timeout | undefined
  let current: { unit: 'multiplyAdds' | 'bytes'; amount: number; since: number } | undefined

  const stop = () => {
    clearTimeout(timer)
    timer = undefined
    current = undefined
  }
  return {
    busy({ what, work }) {
      stop()
      const unit = 'bytes' in work ? 'bytes' : 'multiplyAdds'
      const amount = 'bytes' in work ? work.bytes : work.multiplyAdds
      const rate = Math.max((slowest[unit] ?? 0) / PATIENCE, SLOWEST[unit])
      const after = Math.max(floorMs, (amount / rate) * 1000)
      current = { unit, amount, since: performance.now() }
      timer = setTimeout(() => onHang(what, after), after)
    },
    heard() {
      if (current) {
        const { unit, amount, since } = current
        const rate = amount / Math.max(0.001, (performance.now() - since) / 1000)
        slowest[unit] = Math.min(slowest[unit] ?? Number.POSITIVE_INFINITY, rate)
      }
      stop()
    },
    stop,
  }
}
