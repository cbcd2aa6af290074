/**
 * PyTorch's file format before 1.6: pickles in a row (magic number, protocol, system, object, storage keys), then the
 * storages, each with its number of elements in front. Many ESRGAN models and old textual inversions are of this kind.
 */
import { open } from 'node:fs/promises'
import { ModelFileError } from '../../errors.js'
import type { Checkpoint } from '../checkpoint.js'
import { DTYPE_BYTES } from './dtype.js'
import type { Pickled, Storage } from './pickled.js'
import { type StoragePlace, tensorEntries, unpickleFile } from './torch-entries.js'

const MAGIC = 0x1950a86a20f9469cfc6cn
const PROTOCOL = 1001
/** The pickles stand in front; 64 MiB is hundreds of times what a model's take. */
const MAX_PICKLES = 64 * 2 ** 20

/**
 * Reads the pickles of a legacy PyTorch file and finds its storages.
 *
 * @throws ModelFileError when it is damaged or its pickles hold more than tensors and containers.
 */
export async function readLegacyTorch(file: string, size: number): Promise<Checkpoint> {
  const handle = await open(file)
  try {
    const length = Math.min(size, MAX_PICKLES)
    const { buffer: head } = await handle.read(Buffer.alloc(length), 0, length, 0)
    const magic = unpickleFile(file, head)
    if (magic.value !== MAGIC) throw damaged(file, 'is a pickle, but not one of PyTorch')
    const protocol = unpickleFile(file, head, magic.end)
    if (protocol.value !== PROTOCOL) throw damaged(file, `is of protocol ${String(protocol.value)}, not ${PROTOCOL}`)
    const system = unpickleFile(file, head, protocol.end)
    if (!(system.value instanceof Map) || system.value.get('little_endian') !== true) {
      throw damaged(file, 'is not little-endian')
    }
    const root = unpickleFile(file, head, system.end)
    const keys = unpickleFile(file, head, root.end)
    const storages = new Map<string, Storage>()
    collectStorages(root.value, storages)
    const places = new Map<string, StoragePlace>()
    let at = keys.end
    for (const key of Array.isArray(keys.value) ? keys.value : []) {
      const storage = typeof key === 'string' ? storages.get(key) : undefined
      if (storage?.dtype === undefined) throw damaged(file, `has a storage "${String(key)}" that no tensor uses`)
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(8), 0, 8, at)
      const bytes = Number(buffer.readBigInt64LE()) * DTYPE_BYTES[storage.dtype]
      if (bytesRead !== 8 || bytes < 0 || at + 8 + bytes > size) {
        throw damaged(file, `ends inside its storage "${storage.key}": it is truncated`)
      }
      places.set(storage.key, { offset: at + 8, length: bytes })
      at += 8 + bytes
    }
    return { file, tensors: tensorEntries(file, root.value, key => places.get(key)), metadata: {} }
  } finally {
    await handle.close()
  }
}

/** Every storage that can be reached, whatever its tensor is called. */
function collectStorages(root: Pickled, found: Map<string, Storage>): void {
  const seen = new Set<Pickled>()
  const queue: Pickled[] = [root]
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array || seen.has(value)) continue
    seen.add(value)
    // No spreading: an argument list has a limit that a list from a file need not respect.
    if (value instanceof Map) for (const item of value.values()) queue.push(item)
    else if (Array.isArray(value)) for (const item of value) queue.push(item)
    else if (value.kind === 'tensor') queue.push(value.storage)
    else if (value.kind === 'storage') found.set(value.key, value)
  }
}

const damaged = (file: string, what: string) =>
  new ModelFileError(`${file}: ${what}`, {
    hint: 'Load the file with PyTorch and save it as .safetensors, or download it again.',
  })
