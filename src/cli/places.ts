/** Where things are when nobody says otherwise. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const shipped = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** Payloads that come with the package. */
export const FIXTURES = shipped('fixtures/payloads')

/** Kinds of pairs that a comparator is tested by. */
export const COMPARATOR = shipped('fixtures/comparator/pairs.yaml')

/** Goldens that come with the package. */
export const GOLDENS = shipped('golden')

/** A folder that no run has yet, named after the time. */
export function newRunFolder(kind = 'run'): string {
  const time = new Date().toISOString().slice(0, 19).replace(/:/g, '').replace('T', '-')
  return join('runs', `${kind}-${time}-${process.pid}`)
}

/** `"a-*,b"` as its globs. */
export function globs(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map(glob => glob.trim())
    .filter(glob => glob !== '')
}
