/**
 * The catalogue: from the names that payloads use to checkpoint files. A name is looked up and nothing else: it never
 * becomes a part of a path.
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMap, LineCounter, type Node, parseDocument } from 'yaml'
import { z } from 'zod'
import { FixtureError, ModelFileError, UnknownModelError } from '../errors.js'
import { sha256File } from './hash.js'

/** Baselines of the Horde's model reference that this engine has a family for. */
export const BASELINES = [
  'stable_diffusion_1',
  'stable_diffusion_2_512',
  'stable_diffusion_2_768',
  'stable_diffusion_xl',
] as const

const entrySchema = z.strictObject({
  file: z.string().min(1).describe('Path relative to the catalogue or to a models folder, or absolute'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits in lower case')
    .describe('SHA-256 of the file'),
  baseline: z.enum(BASELINES).describe("The Horde's name of the model's family"),
  vae: z.string().min(1).optional().describe("VAE that replaces the checkpoint's own; a path like that of `file`"),
  inpainting: z.boolean().optional().describe('The model is made for inpainting'),
  description: z.string().optional(),
})

/** Schema of a catalogue file. */
export const catalogueSchema = z.strictObject({
  version: z.literal(1),
  models: z.record(z.string().min(1), entrySchema),
})

export interface CatalogueModel extends Omit<z.infer<typeof entrySchema>, 'inpainting' | 'description' | 'vae'> {
  name: string
  /** Absolute path; the first place where the file is, or the one beside the catalogue when it is nowhere. */
  file: string
  /** Absolute path of the VAE that replaces the checkpoint's own, found as `file` is. */
  vae?: string
  inpainting: boolean
  description?: string
}

export interface Catalogue {
  /** The file it came from. */
  file: string
  models: ReadonlyMap<string, CatalogueModel>
  /** @throws UnknownModelError with the nearest names */
  find(name: string): CatalogueModel
}

export interface CatalogueOptions {
  /** Folders in which files are looked up when they are not beside the catalogue. */
  folders?: readonly string[]
}

/** The catalogue that is shipped: the pocket model. The same relative path leads there from `src/` and from `dist/`. */
export const EMBEDDED_CATALOGUE = fileURLToPath(new URL('../../fixtures/models/catalogue.yaml', import.meta.url))

/** Adapters of the embedded catalogue's model. */
export const EMBEDDED_ADAPTERS = fileURLToPath(new URL('../../fixtures/adapters', import.meta.url))

/**
 * Reads a catalogue, YAML or JSON.
 *
 * @param file @default the embedded one, which has the pocket model
 * @throws FixtureError naming file, line and field
 */
export async function loadCatalogue(
  file: string = EMBEDDED_CATALOGUE,
  { folders = [] }: CatalogueOptions = {},
): Promise<Catalogue> {
  const path = resolve(file)
  const parsed = parseCatalogue(path, await readCatalogue(path))
  const places = [dirname(path), ...folders.map(folder => resolve(folder))]
  const models = new Map(
    Object.entries(parsed.models).map(([name, { inpainting = false, description, vae, ...entry }]) => {
      const model: CatalogueModel = {
        ...entry,
        name,
        inpainting,
        file: locate(entry.file, places),
        ...(vae === undefined ? {} : { vae: locate(vae, places) }),
        ...(description === undefined ? {} : { description }),
      }
      return [name, model]
    }),
  )
  return { file: path, models, find: name => models.get(name) ?? refuse(name, path, [...models.keys()]) }
}

function locate(file: string, places: readonly string[]): string {
  if (isAbsolute(file)) return file
  const candidates = places.map(place => join(place, file))
  return candidates.find(candidate => existsSync(candidate)) ?? candidates[0] ?? file
}

async function readCatalogue(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new FixtureError(`${file}: the catalogue cannot be read`, {
      hint: 'Check the path after --catalogue.',
      cause,
    })
  }
}

function parseCatalogue(file: string, text: string): z.infer<typeof catalogueSchema> {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const hint = 'docs/models.md shows a catalogue.'
  const [syntax] = document.errors
  if (syntax !== undefined) {
    throw new FixtureError(`${file}:${lines.linePos(syntax.pos[0]).line}: ${syntax.message.split('\n', 1)[0]}`, {
      hint,
    })
  }
  const result = catalogueSchema.safeParse(document.toJS())
  if (result.success) return result.data
  const [issue] = result.error.issues
  const path = issue?.path ?? []
  const line = lines.linePos(positionOf(document.contents, path)).line
  throw new FixtureError(`${file}:${line}: ${path.join('.') || 'catalogue'}: ${issue?.message}`, { hint })
}

/** Where the deepest node of a path that exists begins. */
function positionOf(contents: Node | null, path: readonly PropertyKey[]): number {
  let node: unknown = contents
  let position = contents?.range?.[0] ?? 0
  for (const key of path) {
    if (!isMap(node)) break
    const pair = node.items.find(item => String(item.key) === String(key))
    if (pair === undefined) break
    if (isNode(pair.key)) position = pair.key.range?.[0] ?? position
    node = pair.value
  }
  return position
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'range' in value

function refuse(name: string, file: string, names: readonly string[]): never {
  const nearest = names
    .map(known => ({ known, distance: editDistance(name.toLowerCase(), known.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ known }) => `"${known}"`)
  throw new UnknownModelError(`model "${name.slice(0, 100)}" is not in the catalogue ${file}`, {
    hint: nearest.length === 0 ? 'The catalogue is empty.' : `Nearest names: ${nearest.join(', ')}.`,
  })
}

/** Levenshtein 1966: insertions, deletions and substitutions between two words. Long words are cut: it is only a hint. */
function editDistance(a: string, b: string): number {
  const target = [...b.slice(0, 100)]
  let row = target.map((_, i) => i + 1)
  for (const [i, letter] of [...a.slice(0, 100)].entries()) {
    let left = i + 1
    let diagonal = i
    row = row.map((above, j) => {
      left = Math.min(above + 1, left + 1, diagonal + (letter === target[j] ? 0 : 1))
      diagonal = above
      return left
    })
  }
  return row.at(-1) ?? a.length
}

/**
 * Compares a model's file with the hash of its catalogue entry. A file is read once a process as long as it stays the same.
 *
 * @throws ModelFileError when the file is missing or another one
 */
export async function verifyModel(model: Pick<CatalogueModel, 'name' | 'file' | 'sha256'>): Promise<void> {
  const actual = await sha256File(model.file).catch((cause: unknown) => {
    throw new ModelFileError(`${model.file}: cannot be read; the catalogue names it for "${model.name}"`, {
      hint: 'Download the model, or name its folder.',
      cause,
    })
  })
  if (actual !== model.sha256) {
    throw new ModelFileError(`${model.file}: has SHA-256 ${actual}, the catalogue says ${model.sha256}`, {
      hint: `Download "${model.name}" again, or correct the catalogue if the file is the one you want.`,
    })
  }
}
