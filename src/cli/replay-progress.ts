/** What is being drawn, on one line. */
import type { ReplayEvent } from '../harness/replay.js'
import { bar, duration, type Progress } from './progress.js'

export function showProgress(progress: Progress, event: ReplayEvent): void {
  switch (event.type) {
    case 'started':
      progress.update(`${bar(0, event.total)} 0/${event.total} starting …`)
      break
    case 'step':
      progress.update(
        `${bar(event.done, event.total)} ${event.done}/${event.total} ${event.id}: step ${event.step}/${event.steps}`,
      )
      break
    case 'case':
      progress.update(
        `${bar(event.done, event.total)} ${event.done}/${event.total} ${event.result.id}: ${duration(event.result.timings.total)}`,
      )
      break
    case 'restarted':
      progress.update(`${event.id}: the lane was restarted (${event.reason})`)
      break
  }
}
