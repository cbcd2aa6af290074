/** Which machine a run was made on, as far as it decides the last bits of a picture. */
import { readFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
import type { BackendEnvironment } from '../backends/backend.js'
import type { Environment } from './run-schema.js'

/** The vector instructions that choose ONNX Runtime's kernels. */
export type Isa = 'avx512' | 'avx2' | 'neon' | 'unknown'

/** The environment of an engine or of another backend; what computes elsewhere has no instructions of this machine. */
export async function environmentOf(backend: { environment(): Promise<BackendEnvironment> }): Promise<Environment> {
  const { provider, device, dtype, ort, threads, elsewhere } = await backend.environment()
  const { platform, arch } = process
  if (elsewhere) return { ...elsewhere, provider, device, dtype, ort, threads }
  const isa = isaOf({ arch, cpuinfo: await readFile('/proc/cpuinfo', 'utf8').catch(() => '') })
  return {
    class: environmentClass({ provider, device, dtype, ort, isa, platform, arch }),
    provider,
    device,
    isa,
    dtype,
    ort,
    node: process.versions.node,
    platform: `${platform}-${arch}`,
    threads,
    memoryBytes: totalmem(),
  }
}

/** From the flags that Linux lists; where there are none, what every processor of the architecture has. */
export function isaOf({ arch, cpuinfo }: { arch: string; cpuinfo: string }): Isa {
  if (arch === 'arm64') return 'neon'
  const flags = new Set(/^flags\s*:(.*)$/mu.exec(cpuinfo)?.[1]?.split(' '))
  if (flags.has('avx512f')) return 'avx512'
  return flags.has('avx2') ? 'avx2' : 'unknown'
}

interface ClassParts {
  provider: string
  device: string
  dtype: string
  ort: string
  isa: Isa
  platform: NodeJS.Platform
  arch: string
}

/**
 * Key of the environment class. On a CPU the vector instructions choose the kernels, elsewhere the device does; builds of
 * ONNX Runtime for other systems than Linux come from other compilers.
 */
export function environmentClass({ provider, device, dtype, ort, isa, platform, arch }: ClassParts): string {
  const system = platform === 'linux' ? [] : [platform]
  const parts = provider === 'cpu' ? ['cpu', ...system, arch, isa] : [provider, ...system, slug(device)]
  return [...parts, dtype, `ort${ort}`].join('-')
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/gu, '-')
    .replace(/^-|-$/gu, '')
}
