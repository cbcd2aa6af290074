/** The text encoders of a checkpoint, from the places where each family keeps them. */
import { ModelFileError } from '../errors.js'
import type { Checkpoint, TensorEntry } from './checkpoint.js'
import type { TextEncoderFacts, TextEncoderKind } from './facts.js'

interface Place {
  prefix: string
  kind: TextEncoderKind
  layout: TextEncoderFacts['layout']
}

const PLACES: readonly Place[] = [
  { prefix: 'cond_stage_model.transformer.', kind: 'clip-l', layout: 'clip' },
  { prefix: 'cond_stage_model.model.', kind: 'clip-h', layout: 'open-clip' },
  { prefix: 'conditioner.embedders.0.transformer.', kind: 'clip-l', layout: 'clip' },
  { prefix: 'conditioner.embedders.0.model.', kind: 'clip-g', layout: 'open-clip' },
  { prefix: 'conditioner.embedders.1.model.', kind: 'clip-g', layout: 'open-clip' },
]

/** Every published CLIP text model has heads of 64 channels; a narrower remainder makes one head more (96 wide: 2). */
const HEAD_CHANNELS = 64
/** CLIP-L pads with its end token, OpenCLIP with zero. */
const END_TOKEN = 49407

/**
 * @returns the encoders in the order in which their outputs are joined
 * @throws ModelFileError when there is none, or one without its token table or layers
 */
export function textEncoders(checkpoint: Checkpoint): readonly TextEncoderFacts[] {
  const names = [...checkpoint.tensors.keys()]
  const found = PLACES.filter(({ prefix }) => names.some(name => name.startsWith(prefix)))
  if (found.length === 0) {
    throw new ModelFileError(
      `${checkpoint.file}: has no text encoder; looked for ${PLACES.map(({ prefix }) => prefix).join(', ')}`,
      { hint: 'Files with a UNet alone are not supported; use the full checkpoint.' },
    )
  }
  return found.map(place => encoderFacts(checkpoint, place))
}

function encoderFacts({ file, tensors }: Checkpoint, place: Place): TextEncoderFacts {
  const { prefix, kind, layout } = place
  const names = NAMES[layout]
  const table = tensors.get(prefix + names.tokens)
  const width = table?.shape[1]
  if (table?.shape.length !== 2 || width === undefined) {
    throw new ModelFileError(`${file}: text encoder "${prefix}" has no token table "${prefix}${names.tokens}"`)
  }
  const layers = countLayers(tensors, prefix + names.layers)
  if (layers === 0) throw new ModelFileError(`${file}: text encoder "${prefix}" has no layers`)
  return {
    kind,
    prefix,
    layout,
    width,
    layers,
    heads: Math.ceil(width / HEAD_CHANNELS),
    activation: kind === 'clip-l' ? 'quick_gelu' : 'gelu',
    padToken: kind === 'clip-l' ? END_TOKEN : 0,
    hasProjection: tensors.has(`${prefix}text_projection`) || tensors.has(`${prefix}text_projection.weight`),
  }
}

const NAMES = {
  clip: { tokens: 'text_model.embeddings.token_embedding.weight', layers: 'text_model.encoder.layers.' },
  'open-clip': { tokens: 'token_embedding.weight', layers: 'transformer.resblocks.' },
} as const

function countLayers(tensors: ReadonlyMap<string, TensorEntry>, prefix: string): number {
  const numbers = new Set<string>()
  for (const name of tensors.keys()) {
    if (name.startsWith(prefix)) numbers.add(name.slice(prefix.length).split('.', 1)[0] ?? '')
  }
  return numbers.size
}
