/** Draws what failed once more: the same machine and build drawing something else is no regression, it is not stable. */
import { join } from 'node:path'
import type { Backend } from '../../backends/backend.js'
import { type CheckOptions, checkRun } from '../check.js'
import type { Fixture } from '../fixture/fixture.js'
import { replay } from '../replay.js'
import type { CaseResult, Run } from '../run-schema.js'
import { writeRun } from '../run-store.js'

/** Folder of the second drawing, within that of the run. */
export const REDRAWN = 'redrawn'

interface Redrawing {
  run: Run
  /** Of the run. */
  folder: string
  goldens: string
  backend: Backend
  fixtures: readonly Fixture[]
  check: CheckOptions
  signal?: AbortSignal
}

/** Whether a second drawing can tell anything: what cannot be done is not tried again. */
function isDoubtful({ verdict, faults }: CaseResult): boolean {
  return (verdict?.verdict === 'fail' || verdict?.verdict === 'error') && faults[0]?.code !== 'unsupported'
}

/** The run with `redrawn` in the verdict of each case that failed; written to its folder. */
export async function redrawFailed(input: Redrawing): Promise<Run> {
  const { run, folder, goldens, backend, check, signal } = input
  const doubtful = new Set(run.cases.filter(isDoubtful).map(({ id }) => id))
  const fixtures = input.fixtures.filter(({ id }) => doubtful.has(id))
  if (fixtures.length === 0) return run
  const out = join(folder, REDRAWN)
  await replay({
    backend,
    fixtures,
    out,
    selection: { only: fixtures.map(({ id }) => id), of: input.fixtures.length },
    command: 'gate: redraw',
    ...(signal === undefined ? {} : { signal }),
  })
  const { run: second } = await checkRun(out, goldens, check)
  const exact = run.environment.provider === 'cpu'
  const cases = run.cases.map(first => {
    const again = second.cases.find(({ id }) => id === first.id)
    if (again === undefined || first.verdict === undefined) return first
    return { ...first, verdict: { ...first.verdict, redrawn: compareDrawings(first, again, exact) } }
  })
  const redrawn = { ...run, cases }
  await writeRun(folder, redrawn)
  return redrawn
}

/** Two drawings of one case. On a CPU every bit has to be the same; elsewhere the verdict has to be. */
function compareDrawings(first: CaseResult, second: CaseResult, exact: boolean): { unstable: boolean; says: string } {
  const hashes = ({ images }: CaseResult) => images.map(({ sha256 }) => sha256).join()
  const [was, is] = [first.verdict?.verdict, second.verdict?.verdict]
  const differs = hashes(first) !== hashes(second)
  if (was !== is) return { unstable: true, says: `unstable: drawn again, it is ${is}: ${second.verdict?.reason}` }
  if (exact && differs)
    return { unstable: true, says: 'unstable: the same machine drew another picture the second time' }
  return { unstable: false, says: differs ? 'drawn again, it failed again' : 'drawn again, it is the same' }
}
