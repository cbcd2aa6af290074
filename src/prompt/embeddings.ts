/** Textual inversions in a prompt: `embedding:NAME` at the start of a stretch of text or after white space, as in ComfyUI. */

/** What Python's `str` methods call white space. */
const space = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const mark = 'embedding:'
const beforeMark = new RegExp(`(?<=${space})(?=${mark})`)
const spaces = new RegExp(`${space}+`)

/** Plain text, or a textual inversion that is there, with the number of its vectors. */
export type PromptPiece = { text: string } | { embedding: string; vectors: number }

/** How many vectors each textual inversion has that this text encoder can use, by name of the file without its extension. */
export type EmbeddingSizes = ReadonlyMap<string, number>

/**
 * A stretch of text, cut at its textual inversions. A name ends at white space, `<` or `[`; commas around it are not part
 * of it unless a file is called so. An inversion that is not there leaves no trace but the text that followed its name.
 */
export function promptPieces(text: string, embeddings: EmbeddingSizes): PromptPiece[] {
  const pieces: PromptPiece[] = []
  for (const part of text.split(beforeMark)) {
    if (!part.startsWith(mark)) {
      pieces.push({ text: part })
      continue
    }
    const { name, rest } = splitName(part.slice(mark.length))
    const bare = name.replace(/^,+|,+$/g, '')
    let embedding = findEmbedding(name, embeddings)
    let leftover = rest
    if (embedding === undefined && bare !== name) {
      embedding = findEmbedding(bare, embeddings)
      // As many characters of the name as the commas took away, from its end: with leading commas too few (ComfyUI's slice).
      leftover = `${name.slice(bare.length)} ${rest}`
    }
    if (embedding !== undefined) pieces.push({ embedding, vectors: embeddings.get(embedding) ?? 0 })
    if (leftover !== '') pieces.push({ text: leftover })
  }
  return pieces
}

function splitName(text: string): { name: string; rest: string } {
  const [first = '', ...others] = text.split(spaces).filter(word => word !== '')
  const cut = first.search(/[<[]/)
  if (cut < 0) return { name: first, rest: others.join(' ') }
  return { name: first.slice(0, cut), rest: [first.slice(cut), ...others].join(' ') }
}

/** The name as the map has it: as it stands, or without the extension of its file. */
function findEmbedding(name: string, embeddings: EmbeddingSizes): string | undefined {
  return [name, name.replace(/\.(safetensors|pt|bin)$/, '')].find(candidate => embeddings.has(candidate))
}
