/** Temporary files of a lane: in one folder that carries its process id, so that whoever comes later can tell what was left behind. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PREFIX = 'horde-onnx-lane-'

let own: string | undefined

/** This process's folder; it is made when it is first needed. */
export function temporaryFolder(): string {
  own ??= mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`))
  return own
}

/** Removes the folders of a lane that has ended, or of every lane that is no more. */
export function sweepTemporary(pid?: number): void {
  for (const name of entries(tmpdir())) {
    const owner = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1] ?? Number.NaN)
    if (!Number.isInteger(owner) || (pid === undefined ? isAlive(owner) : owner !== pid)) continue
    // Somebody else's stay where they are.
    try {
      rmSync(join(tmpdir(), name), { recursive: true, force: true })
    } catch {}
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
