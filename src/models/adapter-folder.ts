/** Folders of adapters (textual inversions, LoRAs, ControlNets): found by the name of their file, never by a path. */
import { readdir } from 'node:fs/promises'
import { extname, join } from 'node:path'

const ENDINGS = ['.safetensors', '.pt', '.bin', '.ckpt', '.pth']

/** Path of each adapter by the name of its file, without the ending and with it; the first folder wins. */
export async function indexAdapters(folders: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const index = new Map<string, string>()
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => [])
    for (const name of names.sort()) {
      const ending = extname(name)
      if (!ENDINGS.includes(ending)) continue
      const stem = name.slice(0, -ending.length)
      for (const key of [name, stem]) if (!index.has(key)) index.set(key, join(folder, name))
    }
  }
  return index
}
