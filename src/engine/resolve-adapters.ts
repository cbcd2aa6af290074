/** From the adapters that a job names to their files. Reads headers only, and hashes LoRAs once. */
import { ModelFileError } from '../errors.js'
import { openCheckpoint } from '../models/checkpoint.js'
import { openEmbedding } from '../models/embedding.js'
import type { TextEncoderKind } from '../models/facts.js'
import { sha256File } from '../models/hash.js'
import { type Lora, openLora } from '../models/lora/open-lora.js'
import type { Job, JobNote } from '../payload/job.js'
import type { EmbeddingCounts } from '../plan/make-plan.js'
import type { PlannedLora } from '../plan/types.js'
import type { AdapterLibrary } from './adapter-library.js'
import type { ResolvedModel } from './resolve-model.js'

export interface ResolvedAdapters {
  /** File of each textual inversion that the prompts name, by that name. */
  embeddingFiles: Record<string, string>
  /** How many vectors each has for which text encoder. */
  embeddings: EmbeddingCounts
  loras: PlannedLora[]
  /** File of each LoRA, in the same order. */
  loraFiles: string[]
  notes: JobNote[]
}

export type AdapterResolver = (job: Job, model: ResolvedModel) => Promise<ResolvedAdapters>

/** @returns a function that throws ModelFileError where a file is not there, is damaged or was made for another family */
export function adapterResolver(library: () => Promise<AdapterLibrary>): AdapterResolver {
  async function findEmbeddings({ prompt, negativePrompt }: Job, { facts }: ResolvedModel) {
    const text = `${prompt}\n${negativePrompt}`
    const embeddingFiles: Record<string, string> = {}
    const embeddings = new Map<string, Partial<Record<TextEncoderKind, number>>>()
    if (!text.includes('embedding:')) return { embeddingFiles, embeddings }
    for (const [name, file] of (await library()).paths) {
      if (!text.includes(`embedding:${name}`)) continue
      const embedding = await openEmbedding(file, facts.textEncoders)
      embeddingFiles[name] = file
      embeddings.set(name, Object.fromEntries(Object.entries(embedding).map(([kind, { count }]) => [kind, count])))
    }
    return { embeddingFiles, embeddings }
  }

  async function findLoras(job: Job, { file: modelFile, facts }: ResolvedModel) {
    const loras: PlannedLora[] = []
    const loraFiles: string[] = []
    const notes: JobNote[] = []
    const wanted = job.loras.filter(({ model, clip }) => model !== 0 || clip !== 0)
    if (wanted.length === 0) return { loras, loraFiles, notes }
    const { paths } = await library()
    const checkpoint = await openCheckpoint(modelFile)
    for (const { name, model, clip } of wanted) {
      const file = paths.get(name)
      if (file === undefined) {
        throw new ModelFileError(`LoRA "${name}" is in none of the adapter folders`, {
          hint: 'LoRAs are found by the name of their file, with or without its ending.',
        })
      }
      notes.push(...notesOn(name, await openLora(file, checkpoint, facts)))
      loras.push({ name, model, clip, sha256: await sha256File(file) })
      loraFiles.push(file)
    }
    return { loras, loraFiles, notes }
  }

  return async (job, model) => ({ ...(await findEmbeddings(job, model)), ...(await findLoras(job, model)) })
}

/** @throws ModelFileError where half of the file says nothing to this model */
function notesOn(name: string, { file, unknownKeys, tensors }: Lora): JobNote[] {
  if (unknownKeys.length === 0) return []
  const sample = unknownKeys.slice(0, 2).join(', ')
  if (unknownKeys.length * 2 >= tensors) {
    throw new ModelFileError(
      `${file}: only ${tensors - unknownKeys.length} of its ${tensors} tensors belong to layers of this model; others are ${sample}`,
      { hint: 'Use a LoRA made for the family of the model, in the layout of kohya, diffusers or PEFT.' },
    )
  }
  const message = `${unknownKeys.length} of the ${tensors} tensors of LoRA "${name}" have no effect, as in ComfyUI: no layer is known as ${sample}`
  return [{ field: 'loras', message }]
}
