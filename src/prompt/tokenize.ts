/** Prompt text to weighted tokens in chunks of 77: the one entry to everything in this folder that has to do with tokens. */
import type { TokenChunk } from '../plan/types.js'
import { fillChunks, type TokenGroup } from './chunks.js'
import { clipTokens } from './clip/tokenizer.js'
import { type EmbeddingSizes, promptPieces } from './embeddings.js'
import { a1111Emphasis } from './emphasis/a1111.js'
import { comfyEmphasis } from './emphasis/comfy.js'
import type { Emphasis } from './emphasis/types.js'

export interface TokenizeOptions {
  /** What fills a chunk after its end token: 49407 for CLIP-L, 0 for OpenCLIP-H and -G. */
  padToken: number
  /**
   * Vectors of each textual inversion that fits the text encoder, by name. Others are left out of the prompt.
   * @default none
   */
  embeddings?: EmbeddingSizes
  /** Chunks are filled as ComfyUI does with both. @default 'comfy' */
  emphasis?: Emphasis
}

/**
 * Tokens of a prompt, as ComfyUI's tokenizer for CLIP has them: chunks of exactly 77 ids with a weight each. Never throws
 * and takes time linear in the length of the text, whatever the text. A weight of `inf` or `nan`, which ComfyUI takes,
 * comes out as such.
 */
export function tokenizePrompt(
  text: string,
  { padToken, embeddings, emphasis = 'comfy' }: TokenizeOptions,
): TokenChunk[] {
  return fillChunks(tokenGroups(text, embeddings ?? new Map(), emphasis), padToken)
}

function* tokenGroups(text: string, embeddings: EmbeddingSizes, emphasis: Emphasis): Generator<TokenGroup> {
  const parts = emphasis === 'comfy' ? comfyEmphasis(text) : a1111Emphasis(text)
  for (const { text: part, weight, startsChunk } of parts) {
    if (startsChunk === true) yield { ids: [], weight, startsChunk }
    for (const piece of promptPieces(part, embeddings)) {
      const ids = 'text' in piece ? clipTokens(piece.text) : vectorsOf(piece.embedding, piece.vectors)
      yield { ids, weight }
    }
  }
}

function vectorsOf(embedding: string, vectors: number): TokenGroup['ids'] {
  return Array.from({ length: vectors }, (_, index) => ({ embedding, index }))
}
