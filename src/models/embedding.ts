/**
 * Textual inversions: files of vectors that stand in for tokens (Gal et al. 2022, arXiv:2208.01618). Which tensor of a file
 * is meant follows ComfyUI (comfy/sd1_clip.py, `load_embed`).
 */
import { ModelFileError } from '../errors.js'
import { openCheckpoint, readFloats, type TensorEntry } from './checkpoint.js'
import type { TextEncoderFacts, TextEncoderKind } from './facts.js'

export interface EmbeddingVectors {
  /** Number of vectors; each takes the place of one token. */
  count: number
  width: number
  /** count×width */
  values: Float32Array
}

/** Vectors for each text encoder that the file fits. */
export type Embedding = Partial<Record<TextEncoderKind, EmbeddingVectors>>

/**
 * Reads a textual inversion for the text encoders of a model. An encoder for which the file has nothing of its width is
 * left out: its prompt goes without the word, as in ComfyUI.
 *
 * @param file `.safetensors`, `.pt` or `.bin`
 * @throws ModelFileError when the file is damaged or fits none of the encoders
 */
export async function openEmbedding(file: string, encoders: readonly TextEncoderFacts[]): Promise<Embedding> {
  const { tensors } = await openCheckpoint(file)
  const entries = [...tensors.values()]
  const embedding: Embedding = {}
  for (const { kind, width } of encoders) {
    const chosen = vectorsFor(entries, kind, width).filter(entry => entry.shape.at(-1) === width)
    if (chosen.length > 0) embedding[kind] = await readVectors(chosen, width)
  }
  if (Object.keys(embedding).length === 0) {
    const has = entries.map(({ name, shape }) => `"${name}" [${shape.join(', ')}]`).slice(0, 4)
    const wanted = encoders.map(({ kind, width }) => `${width} (${kind})`).join(' or ')
    throw new ModelFileError(`${file}: has no vectors of width ${wanted}; it has ${has.join(', ') || 'no tensors'}`, {
      hint: 'The embedding was made for another family of models, or it is no embedding.',
    })
  }
  return embedding
}

/** The tensors that ComfyUI would take, before their width is looked at. */
function vectorsFor(entries: readonly TensorEntry[], kind: TextEncoderKind, width: number): readonly TensorEntry[] {
  const key = kind.replace('-', '_')
  const first = (match: (name: string) => boolean) => entries.filter(({ name }) => match(name)).slice(0, 1)
  const all = (match: (name: string) => boolean) => entries.filter(({ name }) => match(name))
  const ways = [
    first(name => name.startsWith('string_to_param.')),
    // A list of dicts: everything that fits is joined.
    all(name => /^\d+\./.test(name)).filter(({ shape }) => shape.at(-1) === width),
    first(name => name === key),
    all(name => name.startsWith('bundle_emb.') && name.endsWith('.string_to_param.*')),
    all(name => name.startsWith('bundle_emb.') && name.endsWith(`.${key}`)),
  ]
  return ways.find(found => found.length > 0) ?? entries.toSorted((a, b) => a.offset - b.offset).slice(0, 1)
}

async function readVectors(entries: readonly TensorEntry[], width: number): Promise<EmbeddingVectors> {
  const parts = await Promise.all(entries.map(readFloats))
  const values = new Float32Array(parts.reduce((total, part) => total + part.length, 0))
  let at = 0
  for (const part of parts) {
    values.set(part, at)
    at += part.length
  }
  return { count: values.length / width, width, values }
}
