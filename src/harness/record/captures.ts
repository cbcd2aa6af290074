/** Captured pops on disk: one a file, a list of them, JSON lines, or the files that reGen captures for the training of kudos. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, stringify } from 'lossless-json'
import { FixtureError } from '../../errors.js'

/** Texts of all pops of a file or folder, each with where it stands. @throws FixtureError */
export async function readCaptures(path: string): Promise<{ origin: string; text: string }[]> {
  const names = await readdir(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return undefined
    throw new FixtureError(`cannot read ${path}`, { cause: error, hint: 'give a file or a folder of captured pops' })
  })
  const files =
    names === undefined
      ? [path]
      : names
          .filter(name => /\.jsonl?$/u.test(name))
          .sort()
          .map(name => join(path, name))
  const found: { origin: string; text: string }[] = []
  for (const file of files) {
    const text = await readFile(file, 'utf8').catch((cause: unknown) => {
      throw new FixtureError(`cannot read ${file}`, { cause })
    })
    found.push(...popsOf(text, file))
  }
  if (found.length === 0)
    throw new FixtureError(`${path} holds no captured pop`, { hint: 'files end in .json or .jsonl' })
  return found
}

function popsOf(text: string, file: string): { origin: string; text: string }[] {
  try {
    const value = parse(text)
    if (!Array.isArray(value)) return [{ origin: file, text }]
    return value.map((entry, i) => ({ origin: `${file}[${i}]`, text: stringify(entry) ?? '' }))
  } catch (cause) {
    const lines = text
      .split('\n')
      .flatMap((line, i) => (line.trim() === '' ? [] : [{ origin: `${file}:${i + 1}`, text: line }]))
    if (lines.length < 2)
      throw new FixtureError(`${file} is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    return lines
  }
}
