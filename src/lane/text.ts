/** Prompts to conditioning: rows of the token table, the text encoders, weights, and SDXL's vector. */
import { readRows } from '../models/checkpoint.js'
import type { EmbeddingVectors } from '../models/embedding.js'
import type { TextEncoderKind } from '../models/facts.js'
import type { HiddenState, Plan, TokenChunk } from '../plan/types.js'
import { applyWeights, needsEmptyPrompt } from '../prompt/encode.js'
import type { LaneModel, LaneTextEncoder } from './model.js'
import { sizeConditioning } from './size-conditioning.js'

/** A prompt as the UNet gets it. */
export interface Conditioning {
  /** 1×tokens×width. */
  context: Float32Array
  tokens: number
  width: number
  /** Pooled text embedding. */
  pooled?: Float32Array
  /** Vector conditioning, of UNets that have one. */
  y?: Float32Array
}

/** Vectors of a textual inversion for a text encoder. */
export type FindEmbedding = (name: string, kind: TextEncoderKind) => Promise<EmbeddingVectors>

interface Encoded {
  kind: TextEncoderKind
  context: Float32Array
  tokens: number
  width: number
  pooled: Float32Array
}

/** Token that ends a chunk in every CLIP vocabulary. */
const END = 49407

/** Tokens of a chunk. */
const CHUNK = 77

export async function encodePrompt(
  model: LaneModel,
  plan: Plan,
  side: 'cond' | 'uncond',
  findEmbedding: FindEmbedding,
): Promise<Conditioning> {
  const encoded: Encoded[] = []
  for (const hidden of plan.text.hidden) {
    const chunks = plan.text[side][hidden.kind] ?? []
    const empty = plan.text.empty[hidden.kind] ?? []
    encoded.push(await encodeChunks(await model.textEncoder(hidden.kind), { hidden, chunks, empty, findEmbedding }))
  }
  // The pooled embedding of the last encoder counts: the only one, or SDXL's CLIP-G.
  const pooled = encoded.at(-1)?.pooled ?? new Float32Array()
  return { ...sideBySide(encoded), pooled }
}

/** The conditioning of a pass: UNets with vector conditioning are told its size (ComfyUI's `encode_model_conds`). */
export function conditioningOf(
  prompt: Conditioning,
  { model: { facts } }: Plan,
  { width, height, side }: { width: number; height: number; side: 'cond' | 'uncond' },
): Conditioning {
  const { pooled } = prompt
  if (facts.unet.admChannels === undefined || pooled === undefined) return prompt
  return { ...prompt, y: sizeConditioning({ family: facts.family, pooled, width, height, side }) }
}

interface EncodeInput {
  hidden: HiddenState
  chunks: readonly TokenChunk[]
  empty: readonly TokenChunk[]
  findEmbedding: FindEmbedding
}

async function encodeChunks(
  encoder: LaneTextEncoder,
  { hidden: { kind, fromEnd, finalNorm }, chunks, empty, findEmbedding }: EncodeInput,
): Promise<Encoded> {
  const { width } = encoder.facts
  const weights = chunks.flatMap(chunk => chunk.weights)
  const rows = needsEmptyPrompt(weights) ? [...chunks, ...empty] : chunks
  const output = finalNorm ? `hidden.${fromEnd}.norm` : `hidden.${fromEnd}`
  const { [output]: hidden, pooled } = await encoder.session.run(
    {
      embeds: { shape: [rows.length, CHUNK, width], data: await lookUp(encoder, rows, findEmbedding) },
      eos: { shape: [rows.length], data: BigInt64Array.from(rows, ({ ids }) => BigInt(ids.indexOf(END))) },
    },
    [output, 'pooled'],
  )
  if (!hidden || !pooled) throw new Error('unreachable: run() returns every output it was asked for')
  const size = chunks.length * CHUNK * width
  const context = applyWeights({
    hidden: hidden.data.subarray(0, size),
    empty: hidden.data.subarray(size),
    weights,
    width,
  })
  const first = pooled.data.subarray(0, pooled.data.length / rows.length)
  return { kind, context, tokens: chunks.length * CHUNK, width, pooled: first }
}

/** Rows of the token table, and vectors of textual inversions in their places. */
async function lookUp(
  { tokenTable, facts: { kind, width } }: LaneTextEncoder,
  chunks: readonly TokenChunk[],
  findEmbedding: FindEmbedding,
): Promise<Float32Array> {
  const ids = chunks.flatMap(chunk => chunk.ids)
  const embeds = await readRows(
    tokenTable,
    ids.map(id => (typeof id === 'number' ? id : END)),
  )
  for (const [place, id] of ids.entries()) {
    if (typeof id === 'number') continue
    const { values } = await findEmbedding(id.embedding, kind)
    embeds.set(values.subarray(id.index * width, (id.index + 1) * width), place * width)
  }
  return embeds
}

/** Each token's vector is what the encoders say of it, one after the other; the shorter prompt counts (`sdxl_clip.py`). */
function sideBySide(encoded: readonly Encoded[]): Pick<Conditioning, 'context' | 'tokens' | 'width'> {
  const [only] = encoded
  if (only !== undefined && encoded.length === 1) return only
  const tokens = Math.min(...encoded.map(part => part.tokens))
  const width = encoded.reduce((sum, part) => sum + part.width, 0)
  const context = new Float32Array(tokens * width)
  for (let token = 0; token < tokens; token++) {
    let at = token * width
    for (const part of encoded) {
      context.set(part.context.subarray(token * part.width, (token + 1) * part.width), at)
      at += part.width
    }
  }
  return { context, tokens, width }
}
