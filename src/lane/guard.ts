/**
 * A thread beside the lane's: a lane that computes hears nothing, not even that its engine is gone. Where the parent process
 * has changed, the engine was killed, and so is the lane.
 */
import { sweepTemporary } from './temporary.js'

const parent = process.ppid

setInterval(() => {
  if (process.ppid === parent) return
  sweepTemporary(process.pid)
  process.kill(process.pid, 'SIGKILL')
}, 500)
