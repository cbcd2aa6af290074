/** Approved runs on disk: a folder for each environment class, in it a file for each accepted variant of a case. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RunError } from '../errors.js'
import type { JudgedGolden } from './gates/judge.js'
import { kinship } from './gates/limits.js'
import { type Golden, goldenSchema } from './golden-schema.js'
import { groupBy } from './group-by.js'
import type { CaseFixture, CaseResult, Environment } from './run-schema.js'
import { readPicture } from './run-store.js'
import { readTensors } from './tensor-file.js'

/** Closest first. */
const CLOSENESS = ['machine', 'class', 'device', 'arithmetic', 'other'] as const

/** A golden and which of the case's accepted variants it is, from 1. */
export interface Variant {
  golden: Golden
  variant: number
}

/** A golden's place in the store. */
export interface GoldenEntry {
  class: string
  case: string
  variant: number
  /** Of its `.json`, within the store. */
  file: string
}

/** `hires@2.json`: case ids hold no `@`. */
const FILE = /^([^@]+?)(?:@([2-9]|[1-9]\d+))?\.json$/u

/** Name that a variant's files begin with: the first one has the case's own. */
export function variantName(id: string, variant: number): string {
  return variant === 1 ? id : `${id}@${variant}`
}

/** What is approved in a folder, by class, case and variant. */
export interface GoldenSet {
  folder: string
  entries: readonly GoldenEntry[]
}

/** Lists what is approved; nothing but names is read. A folder that is not there holds nothing. */
export async function openGoldens(folder: string): Promise<GoldenSet> {
  const classes = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const entries = await Promise.all(
    classes
      .filter(entry => entry.isDirectory())
      .map(async ({ name }) =>
        (await readdir(join(folder, name))).flatMap((file): GoldenEntry[] => {
          const [, id, variant = '1'] = FILE.exec(file) ?? []
          return id === undefined ? [] : [{ class: name, case: id, variant: Number(variant), file: join(name, file) }]
        }),
      ),
  )
  const by = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
  const inOrder = entries.flat().sort((a, b) => by(a.class, b.class) || by(a.case, b.case) || a.variant - b.variant)
  return { folder, entries: inOrder }
}

/** What a case is looked up by; a golden of another version or payload is taken only where there is no other. */
export type WantedGolden = { id: string } & Partial<Pick<CaseFixture, 'version' | 'payloadSha256'>>

/**
 * The accepted variants of a case, of the machine closest to `environment`.
 *
 * @returns nothing where nothing is approved under this id
 * @throws RunError where a golden is damaged
 */
export async function findVariants(
  { folder, entries }: GoldenSet,
  wanted: WantedGolden,
  environment: Environment,
): Promise<Variant[]> {
  const own = entries.filter(entry => entry.case === wanted.id)
  const found = await Promise.all(
    own.map(async ({ file, variant }) => ({ golden: await readGolden(join(folder, file)), variant })),
  )
  const classes = groupBy(found, ({ golden }) => golden.environment.class)
  const rank = (variants: readonly Variant[]) =>
    Math.min(
      ...variants.map(({ golden }) => {
        const distance = CLOSENESS.indexOf(kinship(environment, golden.environment))
        return distance + (isCurrent(golden, wanted) ? 0 : CLOSENESS.length)
      }),
    )
  return [...classes.values()].sort((a, b) => rank(a) - rank(b))[0] ?? []
}

function isCurrent(golden: Golden, { version, payloadSha256 }: WantedGolden): boolean {
  return (
    (version === undefined || golden.fixtureVersion === version) &&
    (payloadSha256 === undefined || golden.payloadSha256 === payloadSha256)
  )
}

/** @throws RunError where it is missing or damaged */
export async function readGolden(file: string): Promise<Golden> {
  const damaged = (what: string) =>
    new RunError(`the golden ${file} is damaged: ${what}`, { hint: 'restore it, or approve the case again' })
  let value: unknown
  try {
    value = JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw damaged(cause instanceof Error ? cause.message : String(cause))
  }
  const parsed = goldenSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw damaged(`${issue?.path.join('.')}: ${issue?.message}`)
}

/** Files that a case or a golden names, relative to its folder. */
export function filesOf({ images, tensors }: Pick<CaseResult, 'images' | 'tensors'>): string[] {
  return [...images, ...(tensors === undefined ? [] : [tensors])].map(({ file }) => file)
}

/** Reads a golden's pictures and tensors, which lie beside it. @throws RunError */
export async function withPictures(folder: string, golden: Golden): Promise<JudgedGolden> {
  const own = join(folder, golden.environment.class)
  const pictures = await Promise.all(golden.images.map(image => readPicture(own, image)))
  return { golden, pictures, tensors: golden.tensors && (await readTensors(own, golden.tensors)) }
}

/** A golden with its pictures, and which of the accepted variants it is, from 1. */
export interface AcceptedVariant extends JudgedGolden {
  variant: number
}

/** What cases are judged by: a set of goldens, or another run. */
export interface Reference {
  /** What is accepted for a case on the machine closest to `environment`. @throws RunError where it is damaged */
  of(wanted: WantedGolden, environment: Environment): Promise<AcceptedVariant[]>
  /** Folder in which the files lie that a golden names. */
  folderOf(golden: Golden): string
}

export function goldenReference(set: GoldenSet): Reference {
  return {
    async of(wanted, environment) {
      const variants = await findVariants(set, wanted, environment)
      return Promise.all(
        variants.map(async ({ golden, variant }) => ({ variant, ...(await withPictures(set.folder, golden)) })),
      )
    },
    folderOf: golden => join(set.folder, golden.environment.class),
  }
}
