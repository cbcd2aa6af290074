/** Whether a device can be used is found out by using it, in a process of its own: drivers crash, and ONNX Runtime says why only on stderr. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Device } from '../../lane/protocol.js'

export type ProbeResult =
  | { usable: true /** Whether the device computes it right. */; fusedAttention: boolean }
  | { usable: false; reason: string }

const ENTRY = fileURLToPath(new URL('../../lane/probe.js', import.meta.url))

/** Runs a small attention on the device. */
export function probe({ provider, index }: Pick<Device, 'provider' | 'index'>): Promise<ProbeResult> {
  return new Promise(resolve => {
    execFile(process.execPath, [ENTRY, provider, String(index)], { timeout: 60_000 }, (error, stdout, stderr) => {
      if (error !== null) resolve({ usable: false, reason: reasonOf(stderr, error.message) })
      else resolve({ usable: true, fusedAttention: JSON.parse(stdout).fusedAttention === true })
    })
  })
}

/** The part of ONNX Runtime's log that helps: the library that is missing, or its last words without colours and paths of its sources. */
export function reasonOf(log: string, otherwise: string): string {
  const missing = /(\S+?): cannot open shared object file/.exec(log)?.[1]
  if (missing !== undefined) return `${missing.split('/').at(-1)} was not found`
  const lines = log
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
    .replaceAll(/\x1b\[[\d;]*m/g, '')
    .split('\n')
    .map(line => line.trim())
  const last = lines.findLast(line => line !== '') ?? otherwise
  return last.replace(/^.*(?: was false\. |Exception: )/, '')
}
