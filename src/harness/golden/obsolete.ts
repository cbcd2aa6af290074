/** Which goldens nothing replays any more. Only a run of everything can say: what a part of it leaves out is not obsolete. */
import { rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { RunError } from '../../errors.js'
import type { Golden } from '../golden-schema.js'
import { filesOf, type GoldenEntry, type GoldenSet, readGolden } from '../goldens.js'
import type { Run } from '../run-schema.js'

/** `outdated`: of another version or payload of the fixture; `obsolete`: no case of the run has this name. */
export type GoldenState = 'current' | 'outdated' | 'obsolete'

export interface StoredGolden {
  entry: GoldenEntry
  golden: Golden
}

/** @throws RunError where a golden is damaged */
export function readGoldens({ folder, entries }: GoldenSet): Promise<StoredGolden[]> {
  return Promise.all(entries.map(async entry => ({ entry, golden: await readGolden(join(folder, entry.file)) })))
}

/** State of a golden by a run that {@link assertWhole} let pass. */
export function goldenState({ entry, golden }: StoredGolden, run: Run): GoldenState {
  const result = run.cases.find(({ id }) => id === entry.case)
  if (result === undefined) return 'obsolete'
  const { version, payloadSha256 } = result.fixture
  return golden.fixtureVersion === version && golden.payloadSha256 === payloadSha256 ? 'current' : 'outdated'
}

/** @throws RunError where a run was cut off, or drew a part of its fixtures only */
export function assertWhole(run: Run): void {
  const { selection, pending, complete } = run
  const why = !complete
    ? `it was cut off with ${pending.length} cases to go`
    : selection === undefined
      ? 'it does not say which part of its fixtures it is'
      : selection.shard !== undefined
        ? `it is shard ${selection.shard.index} of ${selection.shard.count}`
        : selection.only.length > 0
          ? `it drew ${selection.only.join(', ')} only`
          : run.cases.length < selection.of
            ? `it has ${run.cases.length} of ${selection.of} cases`
            : undefined
  if (why === undefined) return
  throw new RunError(`the run ${run.id} cannot say which goldens are obsolete: ${why}`, {
    hint: 'replay all fixtures (or merge all shards) first',
  })
}

/** Removes goldens with the files that no remaining golden of the class names. */
export async function removeGoldens(set: GoldenSet, all: readonly StoredGolden[], doomed: readonly StoredGolden[]) {
  for (const { entry, golden } of doomed) {
    const kept = new Set(
      all
        .filter(other => other.entry.class === entry.class && !doomed.includes(other))
        .flatMap(other => filesOf(other.golden)),
    )
    for (const file of filesOf(golden)) {
      if (!kept.has(file)) await rm(join(set.folder, entry.class, basename(file)), { force: true })
    }
    await rm(join(set.folder, entry.file), { force: true })
  }
}
