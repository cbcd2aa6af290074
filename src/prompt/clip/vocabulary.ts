/**
 * CLIP's byte-pair vocabulary (OpenAI, MIT): 256 bytes, the same 256 as ends of words, 48,894 merges in order of rank, and
 * the two markers. A token's id is its place in that order.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** `<|startoftext|>`, the first token of every chunk. */
export const START_TOKEN = 49406
/** `<|endoftext|>`, the token after the last of every chunk. */
export const END_TOKEN = 49407

/** What is added to a byte's id where the byte ends a word (`</w>`). */
export const END_OF_WORD = 256
/** Id of the first merge; merge number r makes token 512 + r. */
export const FIRST_MERGE = 512

export interface Vocabulary {
  /** Token id of each byte inside a word. */
  readonly byteTokens: Uint8Array
  /** Rank of the merge of two adjacent tokens, under `pairKey(left, right)`; the lowest rank merges first. */
  readonly ranks: ReadonlyMap<number, number>
}

/** One number for a pair of token ids. */
export function pairKey(left: number, right: number): number {
  return left * 0x10000 + right
}

let loaded: Vocabulary | undefined

/** The vocabulary, read from `assets/clip` at the first call. */
export function clipVocabulary(): Vocabulary {
  loaded ??= readVocabulary(new URL('../../../assets/clip/merges.txt.gz', import.meta.url))
  return loaded
}

function readVocabulary(file: URL): Vocabulary {
  const characters = byteCharacters()
  const byteTokens = new Uint8Array(256)
  const ids = new Map<string, number>()
  for (const [id, [byte, character]] of [...characters].entries()) {
    byteTokens[byte] = id
    ids.set(character, id)
    ids.set(`${character}</w>`, id + END_OF_WORD)
  }
  const ranks = new Map<number, number>()
  const lines = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n')
  for (const [rank, line] of lines.entries()) {
    const [left = '', right = ''] = line.split(' ')
    ids.set(left + right, FIRST_MERGE + rank)
    ranks.set(pairKey(ids.get(left) ?? 0, ids.get(right) ?? 0), rank)
  }
  return { byteTokens, ranks }
}

/**
 * The printable character that stands for each byte in the merges, in order of token id: bytes that are printable in
 * Latin-1 stand for themselves, the others for the characters from U+0100 on (GPT-2's byte-level BPE).
 */
function byteCharacters(): Map<number, string> {
  const characters = new Map<number, string>()
  for (const [first, last] of [
    [0x21, 0x7e],
    [0xa1, 0xac],
    [0xae, 0xff],
  ] as const) {
    for (let byte = first; byte <= last; byte++) characters.set(byte, String.fromCharCode(byte))
  }
  for (let byte = 0, next = 0x100; byte < 256; byte++) {
    if (!characters.has(byte)) characters.set(byte, String.fromCharCode(next++))
  }
  return characters
}
