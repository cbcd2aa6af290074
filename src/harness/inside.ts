import { RunError } from '../errors.js'

/** Files of a run lie in its folder, whatever its `run.json` says. @throws RunError */
export function assertInside(folder: string, file: string): void {
  if (file.split(/[\\/]/u).includes('..') || /^([a-z]:|[\\/])/iu.test(file)) {
    throw new RunError(`${folder}: ${file} would be outside of the folder`, { hint: 'the run was edited' })
  }
}
