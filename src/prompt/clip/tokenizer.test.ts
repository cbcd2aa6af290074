import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { Tokenizer } from '@huggingface/tokenizers'
import { describe, expect, it } from 'vitest'
import { clipTokens } from './tokenizer.js'

/** The tokenizer of openai/clip-vit-large-patch14, put together from the merges in Hugging Face's own terms. */
function huggingFaceTokenizer(): Tokenizer {
  const assets = new URL('../../../assets/clip/merges.txt.gz', import.meta.url)
  const merges = gunzipSync(readFileSync(assets)).toString('utf8').trimEnd().split('\n')
  const printable = [...range(0x21, 0x7e), ...range(0xa1, 0xac), ...range(0xae, 0xff)]
  const others = [...range(0x100, 0x100 + 255 - printable.length)]
  const bytes = [...printable, ...others].map(code => String.fromCharCode(code))
  const markers = ['<|startoftext|>', '<|endoftext|>']
  const tokens = [
    ...bytes,
    ...bytes.map(byte => `${byte}</w>`),
    ...merges.map(pair => pair.replace(' ', '')),
    ...markers,
  ]
  return new Tokenizer(
    {
      version: '1.0',
      added_tokens: markers.map((content, i) => ({
        id: 49406 + i,
        content,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      })),
      normalizer: {
        type: 'Sequence',
        normalizers: [
          { type: 'NFC' },
          { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
          { type: 'Lowercase' },
        ],
      },
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [
          {
            type: 'Split',
            pattern: { Regex: "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+" },
            behavior: 'Removed',
            invert: true,
          },
          { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
        ],
      },
      post_processor: null,
      decoder: { type: 'ByteLevel' },
      model: {
        type: 'BPE',
        unk_token: '<|endoftext|>',
        end_of_word_suffix: '</w>',
        continuing_subword_prefix: '',
        vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        merges,
      },
    },
    {},
  )
}

function* range(first: number, last: number): Generator<number> {
  for (let i = first; i <= last; i++) yield i
}

/** Ids by transformers 5.23's CLIPTokenizer, for what its JavaScript twin and the reference pack do not reach. */
const published: [string, number[]][] = [
  ['ΑΣ ΟΔΟΣ', [138, 109, 139, 481, 138, 123, 138, 112, 138, 123, 139, 481]],
  ['\x00a\x01b', [444, 320, 445, 321]],
  ['<|ENDOFTEXT|> x', [27, 347, 40786, 4160, 91, 285, 343]],
  ['x<|endoftext|>y', [343, 49407, 344]],
  ['<|startoftext|>a', [49406, 320]],
  ['A\u00a0b\u3000c', [320, 321, 322]],
  ['e\u0301', [4166]],
  ["DON'T", [847, 713]],
]

describe('CLIP tokens', () => {
  it.each(published)("of %j are transformers'", (text, ids) => {
    expect(clipTokens(text)).toEqual(ids)
  })

  it("are those of Hugging Face's JavaScript tokenizer, for words of all kinds", () => {
    const reference = huggingFaceTokenizer()
    const alphabets = [
      "abcdefghijklmnopqrstuvwxyz '",
      'ETAOINSHRDLU -_.,!?',
      'äöüßéèçñ ',
      'жизнь мир ',
      '日本語の ',
      '0123456789 .',
    ]
    let state = 1
    const below = (n: number) => {
      state = (state * 48271) % 2147483647
      return state % n
    }
    for (let i = 0; i < 1000; i++) {
      const letters = [...(alphabets[below(alphabets.length)] ?? '')]
      const text = Array.from({ length: 1 + below(40) }, () => letters[below(letters.length)]).join('')
      expect(clipTokens(text), text).toEqual(reference.encode(text, { add_special_tokens: false }).ids)
    }
  })
})
