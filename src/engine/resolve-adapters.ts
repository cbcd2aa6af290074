/** From the adapters that a job names to their files. Reads headers only. */
import { indexAdapters } from '../models/adapter-folder.js'
import { openEmbedding } from '../models/embedding.js'
import type { ModelFacts, TextEncoderKind } from '../models/facts.js'
import type { Job } from '../payload/job.js'
import type { EmbeddingCounts } from '../plan/make-plan.js'

export interface ResolvedAdapters {
  /** File of each textual inversion that the prompts name, by that name. */
  files: Record<string, string>
  /** How many vectors each has for which text encoder. */
  counts: EmbeddingCounts
}

export type AdapterResolver = (job: Job, facts: ModelFacts) => Promise<ResolvedAdapters>

/** @returns a function that throws ModelFileError where a file is damaged or fits another family */
export function adapterResolver(folders: readonly string[]): AdapterResolver {
  let index: Promise<ReadonlyMap<string, string>> | undefined

  return async ({ prompt, negativePrompt }, facts) => {
    const text = `${prompt}\n${negativePrompt}`
    const files: Record<string, string> = {}
    const counts = new Map<string, Partial<Record<TextEncoderKind, number>>>()
    if (!text.includes('embedding:')) return { files, counts }
    index ??= indexAdapters(folders)
    for (const [name, file] of await index) {
      if (!text.includes(`embedding:${name}`)) continue
      const embedding = await openEmbedding(file, facts.textEncoders)
      files[name] = file
      counts.set(name, Object.fromEntries(Object.entries(embedding).map(([kind, { count }]) => [kind, count])))
    }
    return { files, counts }
  }
}
