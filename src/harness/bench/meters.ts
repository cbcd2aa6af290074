/** What a side takes beside time, where the system tells: memory of its processes and of their accelerator, energy. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'

/** A process and all that it started, and they started. Needs Linux' /proc; the process alone elsewhere. */
async function processesOf(pid: number): Promise<number[]> {
  const children = new Map<number, number[]>()
  for (const entry of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/u.test(entry)) continue
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '')
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    if (parent > 0) children.set(parent, [...(children.get(parent) ?? []), Number(entry)])
  }
  const found: number[] = []
  const open = [pid]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    found.push(next)
    open.push(...(children.get(next) ?? []))
  }
  return found
}

/** Most memory that a process and its children held, each at its own worst moment, in bytes; undefined where the system does not say. */
export async function peakRss(pid: number): Promise<number | undefined> {
  let total = 0
  for (const process of await processesOf(pid)) {
    const status = await readFile(`/proc/${process}/status`, 'utf8').catch(() => '')
    total += 1024 * Number(/^VmHWM:\s*(\d+) kB$/mu.exec(status)?.[1] ?? 0)
  }
  return total > 0 ? total : undefined
}

/**
 * Bytes of NVIDIA GPUs that a process and its children hold now: sessions keep what they once took, so that it is their most.
 * Undefined without nvidia-smi, or where it sees other process numbers than we do, as in most containers.
 */
export async function heldVram(pid: number, nvidiaSmi = 'nvidia-smi'): Promise<number | undefined> {
  const { stdout, failed } = await execa(
    nvidiaSmi,
    ['--query-compute-apps=pid,used_memory', '--format=csv,noheader,nounits'],
    { reject: false, timeout: 10_000 },
  )
  if (failed) return undefined
  const own = new Set(await processesOf(pid))
  const held = stdout.split('\n').flatMap(line => {
    const [process = 0, mebibytes = Number.NaN] = line.split(',').map(Number)
    return own.has(process) && Number.isFinite(mebibytes) ? [mebibytes * 2 ** 20] : []
  })
  return held.length > 0 ? held.reduce((sum, bytes) => sum + bytes, 0) : undefined
}

const POWERCAP = '/sys/class/powercap'

/** Joules since the last look: of all packages of the machine, so that of a run others must not have run. */
export interface EnergyMeter {
  take(): Promise<number>
}

/**
 * The processors' own counters (RAPL, Linux' powercap); undefined where they are not there or only root may read them, as in
 * virtual machines.
 *
 * @param folder for tests
 */
export async function energyMeter(folder = POWERCAP): Promise<EnergyMeter | undefined> {
  const zones = (await readdir(folder).catch(() => [])).filter(name => /^intel-rapl:\d+$/u.test(name))
  const read = (zone: string, file: string) => readFile(join(folder, zone, file), 'utf8').then(Number)
  const look = () => Promise.all(zones.map(zone => read(zone, 'energy_uj')))
  if (zones.length === 0) return undefined
  try {
    const ranges = await Promise.all(zones.map(zone => read(zone, 'max_energy_range_uj')))
    let last = await look()
    return {
      async take() {
        const now = await look()
        // The counters start again at their end.
        const used = now.map((value, i) => {
          const since = value - (last[i] ?? 0)
          return since < 0 ? since + (ranges[i] ?? 0) : since
        })
        last = now
        return used.reduce((sum, microjoules) => sum + microjoules, 0) / 1e6
      },
    }
  } catch {
    return undefined
  }
}
