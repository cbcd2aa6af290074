/** A stretch of a prompt in which every token has one weight. */
export interface WeightedText {
  text: string
  /** Usually 0 to 2; 1 is plain. `inf` and `nan` are read as Python reads them. */
  weight: number
  /** A new chunk of tokens begins with this stretch. */
  startsChunk?: true
}

/**
 * Whose parentheses: ComfyUI's, where `(a:1.3)` is absolute, or AUTOMATIC1111's, where weights multiply, `[a]` divides by 1.1
 * and `BREAK` begins a new chunk.
 */
export type Emphasis = 'comfy' | 'a1111'
