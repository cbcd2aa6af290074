/** How much memory a lane may use: what is free now, less what is to be left free. */
import { execFileSync } from 'node:child_process'
import { freemem, totalmem } from 'node:os'
import { UsageError } from '../../errors.js'

/** Bytes, or a share of all the memory there is. */
export type LeaveFree = { bytes: number } | { share: number }

export interface MemoryReading {
  /** Bytes. */
  total: number
  free: number
}

export interface Budget {
  /** Bytes that may still be taken; below 0 where too much is taken already. */
  available(): number
  /** Bytes that are left free. */
  leaveFree: number
  total: number
}

export function createBudget(leave: LeaveFree, read: () => MemoryReading = readMemory): Budget {
  const { total } = read()
  const leaveFree = 'share' in leave ? Math.round(total * leave.share) : leave.bytes
  return { total, leaveFree, available: () => read().free - leaveFree }
}

/** The budget of a lane: what its networks take is the machine's memory, or the device's as well. */
export function laneBudget({
  device,
  ramToLeaveFree,
  vramToLeaveFree,
}: {
  device: { provider: string; index: number }
  ramToLeaveFree: LeaveFree
  vramToLeaveFree?: LeaveFree | undefined
}): Budget {
  const ram = createBudget(ramToLeaveFree)
  if (vramToLeaveFree === undefined) return ram
  const own =
    device.provider === 'cpu'
      ? createBudget(vramToLeaveFree)
      : createBudget(vramToLeaveFree, () => readDeviceMemory(device.index))
  return {
    total: own.total,
    leaveFree: Math.max(own.leaveFree, device.provider === 'cpu' ? ram.leaveFree : 0),
    available: () => Math.min(ram.available(), own.available()),
  }
}

/** The machine's memory, or what the control group leaves of it. */
export function readMemory(): MemoryReading {
  const limit = process.constrainedMemory?.() ?? 0
  const total = totalmem()
  // Without a control group the limit is 0 or larger than the machine.
  if (limit <= 0 || limit >= total) return { total, free: freemem() }
  return { total: limit, free: Math.min(freemem(), Math.max(0, process.availableMemory?.() ?? freemem())) }
}

/**
 * The memory of an NVIDIA device, as its driver says.
 *
 * @throws UsageError where nobody can say it
 */
export function readDeviceMemory(index: number): MemoryReading {
  try {
    const query = ['--query-gpu=memory.total,memory.free', '--format=csv,noheader,nounits', `--id=${index}`]
    const line = execFileSync('nvidia-smi', query, { encoding: 'utf8', timeout: 10_000 })
    const [total = Number.NaN, free = Number.NaN] = line.split(',').map(value => Number(value) * 2 ** 20)
    if (Number.isFinite(total) && Number.isFinite(free)) return { total, free }
  } catch {}
  throw new UsageError('vramToLeaveFree: the memory of the device cannot be read', {
    hint: 'it takes nvidia-smi in the PATH; leave the option away where there is none',
  })
}

const UNITS: Readonly<Record<string, number>> = {
  '': 2 ** 20,
  m: 2 ** 20,
  mb: 2 ** 20,
  mib: 2 ** 20,
  g: 2 ** 30,
  gb: 2 ** 30,
  gib: 2 ** 30,
}

/**
 * `"80%"`, or an absolute amount: `"2048"` and `"2048 MB"` are mebibytes, `"2 GB"` gibibytes, as bridgeData has them.
 *
 * @throws UsageError where it is neither
 */
export function parseLeaveFree(option: string, value: string | number): LeaveFree {
  const text = String(value).trim().toLowerCase()
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*(%|m|mb|mib|g|gb|gib)?$/.exec(text) ?? []
  const amount = Number(number)
  if (number !== '' && unit === '%' && amount <= 100) return { share: amount / 100 }
  const size = UNITS[unit]
  if (number !== '' && size !== undefined) return { bytes: amount * size }
  throw new UsageError(`${option} must be a percentage from 0% to 100% or an amount, e.g. "2048 MB", got "${value}"`)
}
