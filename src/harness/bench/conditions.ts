/** Whether this is a machine and a moment to measure anything. */
import { readdir, readFile } from 'node:fs/promises'
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

/**
 * Most memory that a process and its children held, each at its own worst moment, in bytes; undefined where the system does not
 * say (it needs Linux' /proc).
 */
export async function peakRss(pid: number): Promise<number | undefined> {
  const children = new Map<number, number[]>()
  for (const entry of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/u.test(entry)) continue
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '')
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    if (parent > 0) children.set(parent, [...(children.get(parent) ?? []), Number(entry)])
  }
  let total = 0
  const open = [pid]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const status = await readFile(`/proc/${next}/status`, 'utf8').catch(() => '')
    total += 1024 * Number(/^VmHWM:\s*(\d+) kB$/mu.exec(status)?.[1] ?? 0)
    open.push(...(children.get(next) ?? []))
  }
  return total > 0 ? total : undefined
}
