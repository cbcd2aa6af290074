/** One folder for all that the tests of a run leave among temporary files; it goes with the run. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let root = ''

export function setup(): void {
  root = mkdtempSync(join(tmpdir(), 'horde-onnx-tests-'))
  process.env.TMPDIR = root
}

export function teardown(): void {
  rmSync(root, { recursive: true, force: true })
}
