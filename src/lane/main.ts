/** Entry of a lane process. It talks to its engine over IPC and ends when the engine is gone. */
import { Worker } from 'node:worker_threads'
import { createLane } from './lane.js'
import type { FromLane, LaneOptions, ToLane } from './protocol.js'
import { sweepTemporary } from './temporary.js'

const options: LaneOptions = JSON.parse(process.argv[2] ?? '{}')

// CUDA's libraries read it when they are loaded: fp32 is fp32, not TF32 with its ten bits.
if (options.device.provider === 'cuda' && options.dtype === 'fp32') process.env.NVIDIA_TF32_OVERRIDE = '0'
// Lanes that were killed could not tidy up.
sweepTemporary()
process.on('exit', () => sweepTemporary(process.pid))
new Worker(new URL('./guard.js', import.meta.url)).unref()

let unsent = 0
const whenSent: (() => void)[] = []

function emit(message: FromLane): void {
  if (!process.connected) return
  const counts = message.type === 'done' ? 1 : 0
  unsent += counts
  // Whether it arrived is nothing to a lane: without its engine it ends.
  process.send?.(message, undefined, undefined, () => {
    unsent -= counts
    if (unsent === 0) for (const go of whenSent.splice(0)) go()
  })
}

/** Pictures are more than a pipe takes at once, and a run would block the rest of them. */
const sent = () => (unsent === 0 ? Promise.resolve() : new Promise<void>(resolve => whenSent.push(resolve)))

const lane = createLane(options, emit, undefined, sent)

process.on('message', (message: ToLane) => {
  switch (message.type) {
    case 'run':
      void lane.run(message.task)
      break
    case 'cancel':
      lane.cancel(message.id)
      break
    case 'ping':
      process.send?.({ type: 'pong' } satisfies FromLane)
      break
    case 'release':
      void lane.release()
      break
    case 'close':
      void lane.close().finally(() => process.disconnect())
      break
  }
})
process.on('disconnect', () => process.exit(0))
// Ctrl-C reaches the whole process group, and a service manager's SIGTERM every process; the engine decides what becomes of its lanes.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
