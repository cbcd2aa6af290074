import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { OutputError } from '../errors.js'

/** Writes a file whole or not at all, making its folder where it is missing. */
export async function writeOutput(file: string, content: Uint8Array | string): Promise<void> {
  const partial = `${file}.${process.pid}.part`
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(partial, content)
    await rename(partial, file)
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    throw new OutputError(`cannot write ${file} (${reason})`, {
      cause,
      hint: reason === 'ENOSPC' ? 'the disk is full' : 'choose a place that can be written with --output',
    })
  }
}
