/**
 * Byte-pair merging (Sennrich et al. 2016, arXiv:1508.07909) in O(n log n): the pairs of a word wait in a heap, ordered by
 * rank and then by place, which merges them in the same order as scanning the word again for its best pair.
 */
import { END_OF_WORD, FIRST_MERGE, pairKey, type Vocabulary } from './vocabulary.js'

/** Heap keys are `rank · PLACES + place`: both fit into the 53 bits of a number. */
const PLACES = 2 ** 32

/** Token ids of one word, given as its UTF-8 bytes. */
export function mergeBytes({ byteTokens, ranks }: Vocabulary, word: Uint8Array): number[] {
  const tokens = Array.from(word, byte => byteTokens[byte] ?? 0)
  if (tokens.length === 0) return tokens
  const last = tokens.length - 1
  tokens[last] = (tokens[last] as number) + END_OF_WORD

  // A linked list over the places of the word: a merge keeps the left place and drops the right one.
  const next = Int32Array.from(tokens, (_, i) => (i < last ? i + 1 : -1))
  const previous = Int32Array.from(tokens, (_, i) => i - 1)
  const dropped = new Uint8Array(tokens.length)
  const heap: number[] = []
  const offer = (left: number) => {
    const right = left < 0 ? -1 : (next[left] as number)
    if (right < 0) return
    const rank = ranks.get(pairKey(tokens[left] as number, tokens[right] as number))
    if (rank !== undefined) push(heap, rank * PLACES + left)
  }
  for (let i = 0; i < last; i++) offer(i)

  while (heap.length > 0) {
    const key = pop(heap)
    const rank = Math.floor(key / PLACES)
    const left = key - rank * PLACES
    const right = next[left] as number
    if (dropped[left] === 1 || right < 0) continue
    if (ranks.get(pairKey(tokens[left] as number, tokens[right] as number)) !== rank) continue
    tokens[left] = FIRST_MERGE + rank
    dropped[right] = 1
    const after = next[right] as number
    next[left] = after
    if (after >= 0) previous[after] = left
    offer(previous[left] as number)
    offer(left)
  }
  return tokens.filter((_, i) => dropped[i] === 0)
}

function push(heap: number[], key: number): void {
  let at = heap.push(key) - 1
  while (at > 0) {
    const parent = (at - 1) >> 1
    const above = heap[parent] as number
    if (above <= key) break
    heap[at] = above
    at = parent
  }
  heap[at] = key
}

function pop(heap: number[]): number {
  const top = heap[0] as number
  const key = heap.pop() as number
  const length = heap.length
  if (length === 0) return top
  let at = 0
  for (let child = 1; child < length; child = 2 * at + 1) {
    if (child + 1 < length && (heap[child + 1] as number) < (heap[child] as number)) child++
    const below = heap[child] as number
    if (key <= below) break
    heap[at] = below
    at = child
  }
  heap[at] = key
  return top
}
