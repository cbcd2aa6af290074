/** Prompts to conditioning: rows of the token table, the text encoder, weights, and SDXL's vector. */
import { readRows } from '../models/checkpoint.js'
import type { HiddenState, Plan, TokenChunk } from '../plan/types.js'
import { applyWeights } from '../prompt/encode.js'
import type { LaneModel } from './model.js'

/** A prompt as the UNet gets it. */
export interface Conditioning {
  /** 1×tokens×width. */
  context: Float32Array
  tokens: number
  width: number
  /** Pooled text embedding, of the families that have one. */
  pooled?: Float32Array
  /** Vector conditioning (SDXL). */
  y?: Float32Array
}

/** Token that ends a chunk in every CLIP vocabulary. */
const END = 49407

export async function encodePrompt(model: LaneModel, plan: Plan, side: 'cond' | 'uncond'): Promise<Conditioning> {
  const encoded = []
  for (const hidden of plan.text.hidden) {
    const chunks = plan.text[side][hidden.kind] ?? []
    const empty = plan.text.empty[hidden.kind] ?? []
    encoded.push(await encodeChunks(model, hidden, chunks, empty))
  }
  const [first] = encoded
  if (first === undefined) throw new Error('unreachable: every family has a text encoder')
  return first
}

async function encodeChunks(
  model: LaneModel,
  { kind, fromEnd, finalNorm }: HiddenState,
  chunks: readonly TokenChunk[],
  empty: readonly TokenChunk[],
): Promise<Conditioning> {
  const encoder = await model.textEncoder(kind)
  const { width } = encoder.facts
  const weighted = chunks.some(({ weights }) => weights.some(weight => weight !== 1))
  const rows = weighted ? [...chunks, ...empty] : chunks
  const ids = rows.flatMap(({ ids }) => ids)
  const embeds = await readRows(
    encoder.tokenTable,
    ids.map(id => (typeof id === 'number' ? id : 0)),
  )
  const output = finalNorm ? `hidden.${fromEnd}.norm` : `hidden.${fromEnd}`
  const { [output]: hidden, pooled } = await encoder.session.run(
    {
      embeds: { shape: [rows.length, 77, width], data: embeds },
      eos: { shape: [rows.length], data: BigInt64Array.from(rows, ({ ids }) => BigInt(ids.indexOf(END))) },
    },
    [output, 'pooled'],
  )
  if (!hidden || !pooled) throw new Error('unreachable: run() returns every output it was asked for')
  const size = 77 * width
  const tokens = chunks.length * 77
  const context = weighted
    ? applyWeights({
        hidden: hidden.data.subarray(0, chunks.length * size),
        empty: hidden.data.subarray(chunks.length * size),
        weights: chunks.flatMap(({ weights }) => weights),
        width,
      })
    : hidden.data
  return { context, tokens, width, pooled: pooled.data.subarray(0, pooled.data.length / rows.length) }
}
