/** SHA-256 of files, read as a stream and remembered while the file stays the same. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'

const known = new Map<string, Promise<string>>()

/**
 * SHA-256 of a file, hex. Remembered by path, size and time of change, so that a model of 7 GB is hashed once a process.
 *
 * @throws the file system's error when it cannot be read
 */
export async function sha256File(file: string): Promise<string> {
  const { size, mtimeMs } = await stat(file)
  const key = `${size}:${mtimeMs}:${file}`
  const hash = known.get(key) ?? hashFile(file)
  known.set(key, hash)
  hash.catch(() => known.delete(key))
  return hash
}

async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}
