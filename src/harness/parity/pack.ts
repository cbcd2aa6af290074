/** A reference pack: cases, and every stage of them as another backend computed it. */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { z } from 'zod'
import type { ModelFile } from '../../engine/resolve-model.js'
import { FixtureError } from '../../errors.js'
import { decodeImage } from '../../imaging/decode.js'
import { parsePayload } from '../../payload/parse.js'
import type { Picture } from '../metrics/picture.js'
import { readTensorFile, type Tensors } from '../tensor-file.js'
import { type PackCase, packCaseSchema } from './pack-case.js'

/** The tolerances of docs/parity.md; a pack may tighten or loosen them. */
const toleranceSchema = z.object({
  /** Relative errors ‖ours − theirs‖ / ‖theirs‖. */
  embeddings: z.number().default(2e-5),
  encoded: z.number().default(5e-5),
  noise: z.number().default(1e-6),
  sigmas: z.number().default(1e-6),
  latent: z.number().default(1e-4),
  /** A chaotic case may be this many times its sensitivity off … */
  latent_per_sensitivity: z.number().default(50),
  /** … but never more than this. */
  latent_most: z.number().default(2e-2),
  /** Least PSNR of the pictures. */
  psnr_db: z.number().default(45),
  psnr_db_chaotic: z.number().default(35),
  /** Sensitivity above which a case counts as chaotic. */
  chaotic_above: z.number().default(1e-4),
})

const packSchema = z.object({
  name: z.string(),
  about: z.string().default(''),
  models: z.array(z.string()).default(['models']),
  images: z.string().default('images'),
  tolerance: toleranceSchema.prefault({}),
  /** Threads of the CPU that torch computed the pack on; 0 for a GPU. The order of its sums is seen in encoded sources. */
  torch_threads: z.number().int().min(0).default(2),
  /** Checkpoints (globs) of random weights: their pictures are saturated noise, only their latents are judged. */
  latents_only: z.array(z.string()).default(['tiny-*']),
})

export type Tolerance = z.infer<typeof toleranceSchema>

export interface Pack {
  name: string
  about: string
  folder: string
  tolerance: Tolerance
  /** 0 for a pack that was computed on a GPU. */
  torchThreads: number
  latentsOnly: readonly string[]
  /** Folders in which checkpoints, adapters and embeddings are looked up. */
  modelFolders: readonly string[]
  imageFolder: string
  cases: readonly PackCase[]
}

/** Checkpoint of a case that names none. */
const DEFAULT_CHECKPOINT = 'pocket-sd15.safetensors'

/** @throws FixtureError naming file and field */
export async function readPack(folder: string): Promise<Pack> {
  const pack = await readJson(
    join(folder, 'pack.json'),
    packSchema,
    'a pack is a folder with a pack.json, see docs/parity.md',
  )
  const ids = await readdir(join(folder, 'cases')).catch((cause: unknown) => {
    throw new FixtureError(`${folder} has no folder cases`, { cause, hint: 'a pack without cases proves nothing' })
  })
  const cases = await Promise.all(
    ids.sort().map(async id => {
      const file = join(folder, 'cases', id, 'case.json')
      const read = await readJson(file, packCaseSchema, 'docs/parity.md lists the fields of a case')
      return { ...read, id }
    }),
  )
  return {
    name: pack.name,
    about: pack.about,
    folder,
    tolerance: pack.tolerance,
    torchThreads: pack.torch_threads,
    latentsOnly: pack.latents_only,
    modelFolders: pack.models.map(models => (isAbsolute(models) ? models : join(folder, models))),
    imageFolder: join(folder, pack.images),
    cases,
  }
}

/** Name under which an engine knows the checkpoint of a case. */
export function modelName({ checkpoint = DEFAULT_CHECKPOINT, extra_keys: extraKeys = [] }: PackCase): string {
  return [checkpoint, ...extraKeys].join('+')
}

/** All checkpoints of a pack by {@link modelName}: the `models` that its engine is to be made with. */
export function packModels(pack: Pack): Record<string, ModelFile> {
  return Object.fromEntries(
    pack.cases.map(one => {
      const file = modelPath(pack, one.checkpoint ?? DEFAULT_CHECKPOINT)
      return [modelName(one), { file, ...(one.extra_keys === undefined ? {} : { extraKeys: one.extra_keys }) }]
    }),
  )
}

/** Where a model is: the first folder that has it, or where it is missing. */
export function modelPath({ modelFolders, folder }: Pack, name: string): string {
  const places = modelFolders.map(place => join(place, name))
  return places.find(place => existsSync(place)) ?? places[0] ?? join(folder, name)
}

/** What was computed on the way of a case, by the names of the stages. */
export async function readStages({ folder }: Pack, id: string): Promise<Tensors> {
  return readTensorFile(join(folder, 'cases', id, 'tensors.safetensors'))
}

/** The pictures of a case, in order. */
export async function readPictures({ folder }: Pack, id: string): Promise<Picture[]> {
  const own = join(folder, 'cases', id)
  const names = (await readdir(own)).filter(name => /^\d+\.png$/u.test(name))
  names.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
  return Promise.all(names.map(async name => decodeImage(await readFile(join(own, name)), { origin: join(own, name) })))
}

async function readJson<T>(file: string, schema: z.ZodType<T>, hint: string): Promise<T> {
  let value: unknown
  try {
    // Seeds may be beyond what a double holds.
    value = parsePayload(await readFile(file))
  } catch (cause) {
    throw new FixtureError(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause, hint })
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new FixtureError(`${file}: ${issue?.path.join('.') || 'the file'}: ${issue?.message}`, { hint })
}
