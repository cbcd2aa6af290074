/** What this tool is: for the provenance of runs and goldens. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'

const ROOT = new URL('../../', import.meta.url)

export interface Tool {
  version: string
  /** Commit where the tool runs from a checkout of its own, with `-dirty` where files differ from it. */
  commit?: string
}

export async function tool(): Promise<Tool> {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(new URL('package.json', ROOT), 'utf8')))
  const commit = await checkout()
  return { version, ...(commit === undefined ? {} : { commit }) }
}

/** An installed package may lie inside somebody else's checkout, whose commit says nothing of it. */
async function checkout(): Promise<string | undefined> {
  const folder = fileURLToPath(ROOT)
  const git = async (...args: string[]) => (await promisify(execFile)('git', ['-C', folder, ...args])).stdout.trim()
  try {
    if ((await git('rev-parse', '--show-prefix')) !== '') return undefined
    const changed = await git('status', '--porcelain', '--untracked-files=no')
    return `${await git('rev-parse', 'HEAD')}${changed === '' ? '' : '-dirty'}`
  } catch {
    return undefined
  }
}
