/** Model files of random half floats that a seed repeats, written without holding them in memory. */
import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { safetensorsHeader } from '../../../models/files/safetensors.js'
import { outputError } from '../../output.js'
import { seededRandom } from '../random.js'
import type { Shapes } from './shapes.js'

export interface RandomWeightsOptions {
  /** How large the largest values are, within a factor of two. @default 0.02 */
  scale?: number
  /** @default 1 */
  seed?: number
}

/**
 * @returns SHA-256 of the file, hexadecimal
 * @throws OutputError; a file that was there before is then still there
 */
export async function writeRandomWeights(
  file: string,
  shapes: Shapes,
  { scale = 0.02, seed = 1 }: RandomWeightsOptions = {},
): Promise<string> {
  const partial = `${file}.part`
  let handle: FileHandle | undefined
  try {
    await mkdir(dirname(file), { recursive: true })
    handle = await open(partial, 'w')
    const sha256 = await writeAll(handle, shapes, randomHalfs((1 << 20) - 3, { scale, seed }))
    await handle.close()
    await rename(partial, file)
    return sha256
  } catch (cause) {
    await handle?.close().catch(() => {})
    await rm(partial, { force: true }).catch(() => {})
    throw outputError(file, cause)
  }
}

/** Every tensor is a part of the block, again and again. */
async function writeAll(handle: FileHandle, shapes: Shapes, block: Buffer): Promise<string> {
  const tensors = Object.entries(shapes).map(([name, shape]) => [name, { dtype: 'F16', shape }] as const)
  const { bytes: header, dataBytes } = safetensorsHeader(Object.fromEntries(tensors))
  const hash = createHash('sha256')
  const write = async (bytes: Buffer) => {
    hash.update(bytes)
    await handle.write(bytes)
  }
  await write(header)
  for (let written = 0; written < dataBytes; written += block.length) {
    await write(block.subarray(0, Math.min(block.length, dataBytes - written)))
  }
  return hash.digest('hex')
}

function randomHalfs(count: number, { scale, seed }: Required<RandomWeightsOptions>): Buffer {
  const random = seededRandom(seed)
  const bytes = Buffer.alloc(2 * count)
  const exponent = 15 + Math.floor(Math.log2(scale))
  for (let i = 0; i < count; i++) {
    const sign = random() < 0.5 ? 0x8000 : 0
    // Half of the values have the largest exponent, a quarter the next …
    const smaller = Math.min(exponent - 1, Math.floor(-Math.log2(1 - random())))
    bytes.writeUInt16LE(sign | ((exponent - smaller) << 10) | Math.floor(random() * 1024), 2 * i)
  }
  return bytes
}
