/** Text to CLIP token ids, as Hugging Face's CLIPTokenizer (transformers 5, which ComfyUI uses) has it. */
import { mergeBytes } from './bpe.js'
import { clipVocabulary, END_TOKEN, START_TOKEN } from './vocabulary.js'

const markers = new Map([
  ['<|startoftext|>', START_TOKEN],
  ['<|endoftext|>', END_TOKEN],
])

const encoder = new TextEncoder()

/** Written out because JavaScript's `\s` has U+FEFF, which Unicode's White_Space lacks, and lacks U+0085. */
const whitespace = /[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g
const words = /'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^ \p{L}\p{N}]+/gu

/**
 * Token ids of a text, without start, end or padding. The two markers are recognised as they are written; the rest is
 * normalised (NFC, runs of white space to one space, lower case), cut into words and merged byte by byte. Linear in the
 * length of the text but for a logarithm.
 */
export function clipTokens(text: string): number[] {
  const vocabulary = clipVocabulary()
  const tokens: number[] = []
  for (const part of text.split(/(<\|startoftext\|>|<\|endoftext\|>)/)) {
    const marker = markers.get(part)
    if (marker !== undefined) {
      tokens.push(marker)
      continue
    }
    for (const [word] of normalise(part).matchAll(words)) {
      for (const token of mergeBytes(vocabulary, encoder.encode(word))) tokens.push(token)
    }
  }
  return tokens
}

/** Lower case goes character by character: a final sigma stays σ. */
function normalise(text: string): string {
  const spaced = text.normalize('NFC').replace(whitespace, ' ')
  return spaced
    .replace(/\P{ASCII}/gu, character => character.toLowerCase())
    .replace(/[A-Z]+/g, run => run.toLowerCase())
}
