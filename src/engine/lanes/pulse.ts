/** Notices a lane that answers nothing although it computes nothing: it is asked, and has so long to say that it is there. */

export interface Pulse {
  /** The lane has work and is not in a stretch that the watchdog watches. */
  expect(): void
  stop(): void
}

/** @param afterMs silence after which the lane is asked, and then how long it may take to answer */
export function createPulse(afterMs: number, { ask, onSilent }: { ask(): void; onSilent(ms: number): void }): Pulse {
  let timer: NodeJS.Timeout | undefined
  const stop = () => clearTimeout(timer)
  return {
    expect() {
      stop()
      timer = setTimeout(() => {
        ask()
        timer = setTimeout(() => onSilent(2 * afterMs), afterMs)
      }, afterMs)
    },
    stop,
  }
}
