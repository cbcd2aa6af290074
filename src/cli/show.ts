import type { ExitCode } from '../errors.js'
import type { Run } from '../harness/run-schema.js'
import { renderGroups } from '../report/matrix.js'
import { renderReport } from '../report/report.js'
import { renderTable } from '../report/table.js'

export interface ShowInput {
  folder: string
  run: Run
  json: boolean
  /** Handed through. */
  code: ExitCode
}

/** Prints a run and renders its page, whose path comes last. */
export async function show({ folder, run, json, code }: ShowInput): Promise<ExitCode> {
  const page = await renderReport(folder)
  if (json) process.stdout.write(`${JSON.stringify(run, undefined, 1)}\n`)
  else {
    const causes = run.comparison === undefined ? '' : renderGroups(run.comparison)
    process.stdout.write(`${[renderTable(run), causes, `report: ${page}`].filter(part => part !== '').join('\n\n')}\n`)
  }
  return code
}
