/** One lane's process: it is started, spoken to and watched. What its death means to the jobs in it is decided elsewhere. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Busy, FromLane, LaneOptions, ToLane } from '../../lane/protocol.js'
import { sweepTemporary } from '../../lane/temporary.js'
import { createPulse } from './pulse.js'
import { createWatchdog } from './watchdog.js'

export type LaneMessage = Exclude<FromLane, Busy | { type: 'idle' } | { type: 'pong' }>

export interface LaneDeath {
  /** How it died, for messages. */
  reason: string
  /** Whether the jobs in it are suspected; false where this side ended it for reasons of its own. */
  blame: boolean
}

export interface LaneProcess {
  readonly pid: number | undefined
  send(message: ToLane): void
  kill(death: LaneDeath): void
  /** A lane without work does not keep its owner's process alive, and is not watched. */
  hold(work: boolean): void
  /** Ends it once its jobs are done. */
  close(): Promise<void>
}

export interface LaneProcessOptions {
  lane: LaneOptions
  /** Entry of the process. @default the lane's */
  entry?: string
  /** Milliseconds that any stretch of work may take, however small. */
  hangMs: number
  onMessage(message: LaneMessage): void
  onDeath(death: LaneDeath): void
}

/** lane/main.ts and all that it loads, in one file (scripts/build.mjs). */
const ENTRY = fileURLToPath(new URL('../../lane/main.bundle.js', import.meta.url))

/** Milliseconds that a lane without jobs may take to end. */
const CLOSING_MS = 10_000

export function startLane({ lane, entry = ENTRY, hangMs, onMessage, onDeath }: LaneProcessOptions): LaneProcess {
  const child = fork(entry, [JSON.stringify(lane)], {
    serialization: 'advanced',
    // One arena of glibc's allocator: with one a thread, memory of released networks is scattered over all of them and stays.
    env: { MALLOC_ARENA_MAX: '1', ...process.env },
    // Flags of the owner's own script (`--input-type`, `--inspect`) are not the lane's.
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  let killing: LaneDeath | undefined
  let working = false
  let computing = false
  let dead = false

  const kill = (death: LaneDeath) => {
    killing ??= death
    child.kill('SIGKILL')
  }
  const send = (message: ToLane) => {
    // A lane that dies while it is being written to is noticed by its exit.
    if (child.connected) child.send(message, () => {})
  }
  const watchdog = createWatchdog(hangMs, (what, after) =>
    kill({ reason: `it was stuck in "${what}" for ${Math.round(after / 1000)} s`, blame: true }),
  )
  const pulse = createPulse(hangMs, {
    ask: () => send({ type: 'ping' }),
    onSilent: ms => kill({ reason: `it did not answer for ${Math.round(ms / 1000)} s`, blame: true }),
  })
  const expect = () => {
    if (working && !computing) pulse.expect()
    else pulse.stop()
  }

  function bury(reason: string): void {
    if (dead) return
    dead = true
    watchdog.stop()
    pulse.stop()
    if (child.pid !== undefined) sweepTemporary(child.pid)
    onDeath(killing ?? { reason, blame: true })
  }

  child.on('message', (message: FromLane) => {
    if (message.type === 'busy') {
      computing = true
      watchdog.busy(message)
    } else if (message.type === 'idle') {
      computing = false
      watchdog.heard()
    }
    expect()
    if (message.type !== 'busy' && message.type !== 'idle' && message.type !== 'pong') onMessage(message)
  })
  child.on('error', error => bury(`it could not be started: ${error.message}`))
  child.on('exit', (code, signal) => bury(signal ? `it was ended by ${signal}` : `it ended with code ${code}`))

  return {
    pid: child.pid,
    send,
    kill,
    hold(work) {
      working = work
      expect()
      if (work) {
        child.ref()
        child.channel?.ref()
      } else {
        child.unref()
        child.channel?.unref()
      }
    },
    async close() {
      if (dead) return
      child.ref()
      killing = { reason: 'it was closed', blame: false }
      const timer = setTimeout(() => child.kill('SIGKILL'), CLOSING_MS)
      const exited = new Promise(resolve => child.once('exit', resolve))
      send({ type: 'close' })
      await exited
      clearTimeout(timer)
    },
  }
}
