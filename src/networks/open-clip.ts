import { ModelFileError } from '../errors.js'
import type { Checkpoint, TensorEntry } from '../models/checkpoint.js'
import type { TextEncoderFacts } from '../models/facts.js'

const renamed: readonly (readonly [from: string, to: string])[] = [
  ['attn.out_proj.', 'self_attn.out_proj.'],
  ['ln_1.', 'layer_norm1.'],
  ['ln_2.', 'layer_norm2.'],
  ['mlp.c_fc.', 'mlp.fc1.'],
  ['mlp.c_proj.', 'mlp.fc2.'],
]

/**
 * The tensors of an OpenCLIP text encoder under the names that transformers gives them. The projections of queries, keys and
 * values, one tensor here, become three: their rows are neighbours in the file.
 */
export function openClipAsClip(
  { file, tensors }: Checkpoint,
  { prefix, layers }: Pick<TextEncoderFacts, 'prefix' | 'layers'>,
): Pick<Checkpoint, 'file' | 'tensors'> {
  const clip = new Map<string, TensorEntry>()
  const move = (from: string, to: string) => {
    const entry = tensors.get(prefix + from)
    if (entry !== undefined) clip.set(prefix + to, entry)
  }
  move('token_embedding.weight', 'text_model.embeddings.token_embedding.weight')
  move('positional_embedding', 'text_model.embeddings.position_embedding.weight')
  move('text_projection', 'text_projection')
  for (const kind of ['weight', 'bias']) {
    move(`ln_final.${kind}`, `text_model.final_layer_norm.${kind}`)
    for (let i = 0; i < layers; i++) {
      const from = `transformer.resblocks.${i}.`
      const to = `text_model.encoder.layers.${i}.`
      for (const [theirs, ours] of renamed) move(`${from}${theirs}${kind}`, `${to}${ours}${kind}`)
      const fused = tensors.get(`${prefix}${from}attn.in_proj_${kind}`)
      if (fused === undefined) continue
      for (const [part, name] of ['q_proj', 'k_proj', 'v_proj'].entries()) {
        clip.set(`${prefix}${to}self_attn.${name}.${kind}`, third(fused, part, name))
      }
    }
  }
  return { file, tensors: clip }
}

/** One of three equal blocks of rows. */
function third(entry: TensorEntry, part: number, name: string): TensorEntry {
  const [rows = 0, ...rest] = entry.shape
  if (rows % 3 !== 0)
    throw new ModelFileError(`${entry.file}: \`${entry.name}\` must have rows for q, k and v, got ${rows}`)
  const length = entry.length / 3
  return {
    ...entry,
    name: `${entry.name}[${name}]`,
    shape: [rows / 3, ...rest],
    offset: entry.offset + part * length,
    length,
  }
}
