/** Runs as one file: a zip, written and read with limits. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative, sep } from 'node:path'
import { type Unzipped, unzipSync, type Zippable, zipSync } from 'fflate'
import { RunError } from '../../errors.js'
import { assertInside } from '../inside.js'
import { writeWhole } from '../output.js'

/** A run of 1,000 cases with its goldens is a tenth of it. */
const MAX_BYTES = 2 * 2 ** 30
const MAX_FILES = 100_000

/** Packs a folder. Pictures are compressed already; the rest is text. @throws OutputError */
export async function packFolder(folder: string, file: string): Promise<void> {
  const files: Zippable = {}
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const name = relative(folder, path).split(sep).join('/')
    files[name] = [await readFile(path), { level: name.endsWith('.png') ? 0 : 6 }]
  }
  await writeWhole(file, zipSync(files))
}

export interface OpenedRun {
  folder: string
  /** What it is called. */
  name: string
  /** Removes what was unpacked. */
  close(): Promise<void>
}

/**
 * A run's folder as it is; a zip is unpacked into a temporary one.
 *
 * @throws RunError where a zip is none, is too large, or would write outside of its folder
 */
export async function openRun(path: string): Promise<OpenedRun> {
  const name = basename(path.replace(/[\\/]+$/u, '')) || 'run'
  const isFile = await stat(path).then(
    found => found.isFile(),
    () => false,
  )
  if (!isFile) return { folder: path, name, close: async () => {} }
  const files = unpack(path, await readFile(path))
  const folder = await mkdtemp(join(tmpdir(), 'horde-onnx-run-'))
  const close = () => rm(folder, { recursive: true, force: true })
  try {
    for (const [file, content] of Object.entries(files)) {
      if (file.endsWith('/')) continue
      await mkdir(dirname(join(folder, file)), { recursive: true })
      await writeFile(join(folder, file), content)
    }
  } catch (error) {
    await close()
    throw error
  }
  return { folder, name: name.replace(/\.zip$/u, ''), close }
}

function unpack(path: string, bytes: Uint8Array): Unzipped {
  let [size, count] = [0, 0]
  try {
    return unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        assertInside(path, name)
        size += originalSize
        count++
        if (size > MAX_BYTES || count > MAX_FILES) {
          throw new RangeError(`it unpacks to more than ${MAX_BYTES} bytes or ${MAX_FILES} files`)
        }
        return true
      },
    })
  } catch (cause) {
    if (cause instanceof RunError) throw cause
    throw new RunError(`${path} is no run: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
      hint: 'give the folder of a run, or the zip that parity-kit wrote',
    })
  }
}
