/** Writing files so that whoever reads them, at whatever moment, finds all of one or none of it. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { OutputError } from '../errors.js'

/** @throws OutputError; the file that was there before is then still there */
export async function writeWhole(file: string, content: string | Uint8Array): Promise<void> {
  const partial = `${file}.part`
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(partial, content)
    await rename(partial, file)
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => {})
    throw outputError(file, cause)
  }
}

export function outputError(file: string, cause: unknown): OutputError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
  const hint =
    code === 'ENOSPC' || code === 'EDQUOT'
      ? 'the disk is full: make room, or choose another folder'
      : 'choose a folder that can be written'
  return new OutputError(`cannot write ${file} (${code})`, { cause, hint })
}
