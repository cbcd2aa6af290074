/** Entry of a lane process. It talks to its engine over IPC and ends when the engine is gone. */
import { createLane } from './lane.js'
import type { FromLane, LaneOptions, ToLane } from './protocol.js'

const options: LaneOptions = JSON.parse(process.argv[2] ?? '{}')

// CUDA's libraries read it when they are loaded: fp32 is fp32, not TF32 with its ten bits.
if (options.device.provider === 'cuda' && options.dtype === 'fp32') process.env.NVIDIA_TF32_OVERRIDE = '0'

const lane = createLane(options, (message: FromLane) => {
  if (process.connected) process.send?.(message)
})

process.on('message', (message: ToLane) => {
  switch (message.type) {
    case 'run':
      void lane.run(message.task)
      break
    case 'cancel':
      lane.cancel(message.id)
      break
    case 'close':
      void lane.close().finally(() => process.disconnect())
      break
  }
})
process.on('disconnect', () => process.exit(0))
// A terminal's Ctrl-C reaches the whole process group; the engine decides what happens to its lanes.
process.on('SIGINT', () => {})
