/** One line that changes in place on a terminal, and plain lines, few of them, everywhere else. */

export interface Progress {
  /** Shows where the work stands. */
  update(line: string): void
  /** Ends the line so that other output can follow. */
  done(): void
}

/** Seconds between two lines where lines cannot be rewritten. */
const PLAIN_INTERVAL_S = 5

export function createProgress(stream: NodeJS.WriteStream = process.stderr, { quiet = false } = {}): Progress {
  if (quiet) return { update() {}, done() {} }
  if (!stream.isTTY) {
    let last = Number.NEGATIVE_INFINITY
    return {
      update(line) {
        if (performance.now() - last < PLAIN_INTERVAL_S * 1000) return
        last = performance.now()
        stream.write(`${line}\n`)
      },
      done() {},
    }
  }
  return {
    update(line) {
      stream.write(`\r\u001b[2K${line.slice(0, stream.columns - 1)}`)
    },
    done() {
      stream.write('\r\u001b[2K')
    },
  }
}

/** A bar of block characters, e.g. `█████░░░░░`. */
export function bar(done: number, total: number, width = 20): string {
  const filled = total > 0 ? Math.round((done / total) * width) : 0
  return '█'.repeat(filled) + '░'.repeat(width - filled)
}

/** `830 ms`, `4.2 s`, `3 min 05 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`
}
