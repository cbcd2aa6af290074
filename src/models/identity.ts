import { stat } from 'node:fs/promises'

/** Tells a file from one that replaced it under its name: what was computed from the one says nothing of the other. */
export async function fileIdentity(file: string): Promise<string> {
  const { ino, size, mtimeMs } = await stat(file).catch(() => ({ ino: 0, size: 0, mtimeMs: 0 }))
  return `${file} (${ino}, ${size} bytes, ${mtimeMs})`
}
