import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'

export const ROOT = resolve(import.meta.dirname, '../..')

interface CliOptions {
  cwd?: string
  bin?: string
  /** Beside the variables of this process. */
  env?: Record<string, string>
}

/** Runs the built command line; never throws, whatever it ends with. */
export async function cli(
  args: readonly string[],
  { cwd = ROOT, bin = join(ROOT, 'dist/cli/main.js'), env = {} }: CliOptions = {},
) {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [bin, ...args], { cwd, env, reject: false })
  return { exitCode, stdout, stderr }
}

export function temporaryFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `horde-onnx-${name}-`))
}
