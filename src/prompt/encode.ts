/** Weights of a prompt, applied to what the text encoder made of it. */

export interface WeightedEncoding {
  /** Hidden states of the prompt, tokens × width; tokens are a multiple of those of `empty`. */
  hidden: Float32Array
  /** Hidden states of the empty prompt, one chunk: 77 × width. */
  empty: Float32Array
  /** Weight of each token of the prompt, in order; 1 leaves it as it is. */
  weights: readonly number[]
  /** Values per token. */
  width: number
}

/**
 * ComfyUI's weighting (`encode_token_weights`): a token of weight w lies w times as far from the token at its place in the
 * empty prompt. In single precision, as torch computes it. Returns `hidden` itself where every weight is 1, so that the
 * empty prompt needs no encoding then: see `needsEmptyPrompt`.
 */
export function applyWeights({ hidden, empty, weights, width }: WeightedEncoding): Float32Array {
  if (!needsEmptyPrompt(weights)) return hidden
  const weighted = hidden.slice()
  for (const [token, weight] of weights.entries()) {
    if (weight === 1) continue
    const w = Math.fround(weight)
    const from = token * width
    const emptyFrom = from % empty.length
    for (let i = 0; i < width; i++) {
      const origin = empty[emptyFrom + i] as number
      const distance = Math.fround((hidden[from + i] as number) - origin)
      weighted[from + i] = Math.fround(distance * w) + origin
    }
  }
  return weighted
}

/** Whether any token has a weight, and the empty prompt must be encoded as well. */
export function needsEmptyPrompt(weights: readonly number[]): boolean {
  return weights.some(weight => weight !== 1)
}
