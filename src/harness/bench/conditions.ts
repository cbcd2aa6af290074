/** Whether this is a machine and a moment to measure anything. */
import { cpus } from 'node:os'
import type { Environment } from '../run-schema.js'

/** Share of the processors that others may use while nothing is measured. */
const BUSY = 0.15

/** Share of all processors' time that was used during `ms`, 0 to 1. */
export async function busyShare(ms = 1000): Promise<number> {
  const before = processorTimes()
  await new Promise(resolve => setTimeout(resolve, ms))
  const after = processorTimes()
  const total = after.total - before.total
  return total > 0 ? 1 - (after.idle - before.idle) / total : 0
}

function processorTimes(): { idle: number; total: number } {
  let [idle, total] = [0, 0]
  for (const { times } of cpus()) {
    idle += times.idle
    total += times.idle + times.user + times.nice + times.sys + times.irq
  }
  return { idle, total }
}

/** Reasons why a comparison on this machine, now, would mean little. */
export function objections({
  busy,
  candidate,
  baseline,
}: {
  /** Of {@link busyShare}. */
  busy: number
  candidate: Environment
  baseline?: Environment | undefined
}): string[] {
  const found: string[] = []
  if (busy > BUSY) {
    found.push(`the machine is busy: ${Math.round(busy * 100)} % of its processors' time is used by something else`)
  }
  if (baseline !== undefined && candidate.device !== baseline.device) {
    found.push(`the two compute on different machines: ${candidate.device} and ${baseline.device}`)
  }
  return found
}
