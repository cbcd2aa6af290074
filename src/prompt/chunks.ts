/** Tokens in sections of 77, as text encoders take them: start, 75 tokens, end, and padding where there are fewer. */
import type { TokenChunk } from '../plan/types.js'
import { END_TOKEN, START_TOKEN } from './clip/vocabulary.js'

/** Positions of a chunk, markers and padding included. */
export const CHUNK_LENGTH = 77

/** Groups of fewer tokens are kept together (ComfyUI's `max_word_length`). */
const SPLIT_FROM = 8

/** Tokens that belong together: a stretch of text of one weight, or a textual inversion. */
export interface TokenGroup {
  ids: TokenChunk['ids']
  weight: number
  /** Whatever is in the current chunk, this group begins a new one. */
  startsChunk?: boolean
}

/**
 * Fills chunks with groups, in order. A group of fewer than 8 tokens that no longer fits begins the next chunk and leaves
 * padding behind; a longer one is cut where the chunk is full. There is always at least one chunk.
 */
export function fillChunks(groups: Iterable<TokenGroup>, padToken: number): TokenChunk[] {
  const chunks: TokenChunk[] = []
  let ids: TokenChunk['ids'][number][] = [START_TOKEN]
  let weights: number[] = [1]
  const room = () => CHUNK_LENGTH - 1 - ids.length
  const close = () => {
    const padding = room()
    ids.push(END_TOKEN, ...Array<number>(padding).fill(padToken))
    weights.push(...Array<number>(padding + 1).fill(1))
    chunks.push({ ids, weights })
    ids = [START_TOKEN]
    weights = [1]
  }

  for (const group of groups) {
    if (group.startsChunk === true) close()
    let from = 0
    while (from < group.ids.length) {
      const left = group.ids.length - from
      const taken = left <= room() ? left : group.ids.length >= SPLIT_FROM ? room() : 0
      for (const id of group.ids.slice(from, from + taken)) {
        ids.push(id)
        weights.push(group.weight)
      }
      from += taken
      if (taken < left) close()
    }
  }
  close()
  return chunks
}
