/** Thread that judges what it is sent, one after the other. */
import { parentPort } from 'node:worker_threads'
import { type FromJudge, judgeHere, type ToJudge } from './judges.js'

parentPort?.on('message', ({ number, task }: ToJudge) => {
  let message: FromJudge
  try {
    message = { number, answer: judgeHere(task) }
  } catch (error) {
    message = { number, error }
  }
  parentPort?.postMessage(message)
})
