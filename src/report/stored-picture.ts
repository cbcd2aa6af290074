import { readFile, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'

export type StoredPicture = { bytes: Uint8Array; type: string } | { missing: string }

/** Formats that pictures of a run may have, by how their files begin. No format that could carry a script. */
const SIGNATURES: readonly { type: string; matches: (bytes: Buffer) => boolean }[] = [
  { type: 'image/png', matches: bytes => bytes.subarray(0, 8).equals(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')) },
  { type: 'image/jpeg', matches: bytes => bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff])) },
  {
    type: 'image/webp',
    matches: bytes => bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP',
  },
]

/**
 * A picture's file as it is stored. A page is made of what is there: a picture that is missing, is none, or would lie
 * outside the run's folder (an edited `run.json`, a link) is told on the page instead.
 */
export async function readStoredPicture(folder: string, file: string): Promise<StoredPicture> {
  try {
    const home = await realpath(folder)
    const path = await realpath(join(folder, file))
    if (!path.startsWith(home + sep)) return { missing: `${file} lies outside the folder of the run` }
    const bytes = await readFile(path)
    const format = SIGNATURES.find(({ matches }) => matches(bytes))
    return format === undefined ? { missing: `${file} is no PNG, JPEG or WebP picture` } : { bytes, type: format.type }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    return { missing: code === 'ENOENT' ? `${file} is not in the run's folder` : `${file} cannot be read: ${code}` }
  }
}
