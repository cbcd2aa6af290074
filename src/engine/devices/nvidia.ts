/** NVIDIA's cards, as their driver names them. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export interface Gpu {
  /** Number that CUDA gives it in this process. */
  index: number
  name: string
  memoryMiB: number
  driver: string
}

const run = promisify(execFile)

/** The cards that CUDA would show this process; none where there is no driver. */
export async function listGpus({ env = process.env } = {}): Promise<Gpu[]> {
  const query = ['--query-gpu=uuid,name,memory.total,driver_version', '--format=csv,noheader,nounits']
  try {
    const { stdout } = await run('nvidia-smi', query, {
      timeout: 20_000,
      env: { ...env, CUDA_DEVICE_ORDER: 'PCI_BUS_ID' },
    })
    return visible(parseGpus(stdout), env.CUDA_VISIBLE_DEVICES)
  } catch {
    return []
  }
}

interface Listed extends Omit<Gpu, 'index'> {
  uuid: string
}

/** Lines of `uuid, name, MiB, driver`. */
export function parseGpus(text: string): Listed[] {
  return text
    .trim()
    .split('\n')
    .map(line => line.split(', '))
    .flatMap(([uuid, name, memory, driver]) =>
      uuid && name && driver ? [{ uuid, name, memoryMiB: Number(memory), driver: driver.trim() }] : [],
    )
}

/** What CUDA makes of `CUDA_VISIBLE_DEVICES`: a list of numbers or of (beginnings of) UUIDs; it ends at the first unknown one. */
export function visible(gpus: readonly Listed[], chosen: string | undefined): Gpu[] {
  const shown: Listed[] = []
  for (const wanted of chosen?.split(',') ?? [...gpus.keys()].map(String)) {
    const text = wanted.trim()
    const gpu = /^\d+$/.test(text) ? gpus[Number(text)] : gpus.find(({ uuid }) => text !== '' && uuid.startsWith(text))
    if (gpu === undefined) break
    shown.push(gpu)
  }
  return shown.map(({ name, memoryMiB, driver }, index) => ({ index, name, memoryMiB, driver }))
}
