/** Approved runs on disk, a folder for each environment class. */
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { FixtureError, RunError, UsageError } from '../errors.js'
import { readableJson } from './canonical.js'
import { faultedAsExpected } from './expectation.js'
import type { JudgedGolden } from './gates/judge.js'
import { kinship } from './gates/limits.js'
import { globMatcher } from './glob.js'
import { GOLDEN_SCHEMA, type Golden, goldenSchema } from './golden-schema.js'
import { writeWhole } from './output.js'
import type { CaseResult, Environment, Run } from './run-schema.js'
import { readPicture, readRun } from './run-store.js'

/** Closest first. */
const CLOSENESS = ['machine', 'class', 'device', 'arithmetic', 'other'] as const

/**
 * The golden of a case that was drawn on the machine closest to `environment`.
 *
 * @returns undefined where nothing is approved under this id
 * @throws RunError where the golden is damaged
 */
export async function findGolden(folder: string, id: string, environment: Environment): Promise<Golden | undefined> {
  const classes = await readdir(folder).catch(() => [])
  const found = await Promise.all(classes.sort().map(name => readGolden(join(folder, name), id)))
  const goldens = found.filter(golden => golden !== undefined)
  const closeness = (golden: Golden) => CLOSENESS.indexOf(kinship(environment, golden.environment))
  return goldens.sort((a, b) => closeness(a) - closeness(b))[0]
}

async function readGolden(folder: string, id: string): Promise<Golden | undefined> {
  const file = join(folder, `${id}.json`)
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const damaged = (what: string) =>
    new RunError(`the golden ${file} is damaged: ${what}`, { hint: 'restore it, or approve the case again' })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw damaged(cause instanceof Error ? cause.message : String(cause))
  }
  const parsed = goldenSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw damaged(`${issue?.path.join('.')}: ${issue?.message}`)
}

/** Reads a golden's pictures, which lie beside it. @throws RunError */
export async function withPictures(folder: string, golden: Golden): Promise<JudgedGolden> {
  const own = join(folder, golden.environment.class)
  return { golden, pictures: await Promise.all(golden.images.map(image => readPicture(own, image))) }
}

export interface Approval {
  /** Folder of the run whose pictures are promoted, as they are: nothing is drawn again. */
  run: string
  goldens: string
  /** Globs of cases. @default all */
  cases?: readonly string[]
  /** Why these pictures are right, for whoever asks later. */
  reason: string
  who: string
}

/**
 * Promotes pictures of a run to goldens of the run's environment class. Cases that are meant to end in a fault have none.
 *
 * @returns ids of the approved cases
 * @throws UsageError where there is no reason or no such case; RunError where the run is damaged or a case ended in a fault;
 *   OutputError
 */
export async function approve({ run: from, goldens, cases = [], reason, who }: Approval): Promise<string[]> {
  if (reason.trim() === '') {
    throw new UsageError('an approval needs a reason', { hint: 'say with --reason why these pictures are right' })
  }
  const run = await readRun(from)
  const selected = run.cases.filter(({ id }) => cases.length === 0 || globMatcher(cases)(id))
  if (selected.length === 0) {
    throw new FixtureError(`the run ${from} has no case ${cases.join(' or ')}`.trimEnd(), {
      hint: `it has ${run.cases.length}, e.g. ${run.cases
        .slice(0, 5)
        .map(({ id }) => id)
        .join(', ')}`,
    })
  }
  const drawn = selected.filter(result => !faultedAsExpected(result))
  if (drawn.length === 0) {
    throw new RunError(
      `${selected.map(({ id }) => id).join(', ')} ended in the fault that is expected: there is nothing to approve`,
    )
  }
  const faulted = drawn.filter(({ state, images }) => state !== 'ok' || images.length === 0)
  if (faulted.length > 0) {
    throw new RunError(`${faulted.map(({ id }) => id).join(', ')} drew nothing that could be approved`, {
      hint: 'approve the others by name with --only, or mend these first',
    })
  }
  for (const result of drawn) await promote(run, result, { from, goldens, reason: reason.trim(), who })
  return drawn.map(({ id }) => id)
}

async function promote(
  run: Run,
  result: CaseResult,
  { from, goldens, reason, who }: { from: string; goldens: string; reason: string; who: string },
): Promise<void> {
  const folder = join(goldens, run.environment.class)
  const golden: Golden = {
    schema: GOLDEN_SCHEMA,
    case: result.id,
    fixtureVersion: result.fixture.version,
    payloadSha256: result.fixture.payloadSha256,
    output: result.fixture.output,
    environment: run.environment,
    images: result.images.map((image, index) => ({ ...image, file: `${result.id}.${index}.png` })),
    plan: result.plan,
    ...(result.planSha256 === undefined ? {} : { planSha256: result.planSha256 }),
    fingerprints: result.fingerprints,
    ...(result.tensors === undefined ? {} : { tensors: { ...result.tensors, file: `${result.id}.safetensors` } }),
    approved: {
      by: who,
      reason,
      at: new Date().toISOString(),
      run: run.id,
      version: run.version,
      ...(run.commit === undefined ? {} : { commit: run.commit }),
      models: run.models,
    },
  }
  for (const [index, { file }] of result.images.entries()) {
    await writeWhole(join(folder, `${result.id}.${index}.png`), await readFile(join(from, file)))
  }
  const tensors = join(folder, `${result.id}.safetensors`)
  if (result.tensors === undefined) await rm(tensors, { force: true })
  else await writeWhole(tensors, await readFile(join(from, result.tensors.file)))
  await writeWhole(join(folder, `${result.id}.json`), `${readableJson(golden)}\n`)
  await removeSurplus(folder, result)
}

/** Pictures that an older golden had beyond these. */
async function removeSurplus(folder: string, { id, images }: CaseResult): Promise<void> {
  for (const name of await readdir(folder)) {
    const index = name.startsWith(`${id}.`) ? /^(\d+)\.png$/u.exec(name.slice(id.length + 1))?.[1] : undefined
    if (index !== undefined && Number(index) >= images.length) await rm(join(folder, name))
  }
}
