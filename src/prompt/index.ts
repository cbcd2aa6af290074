export { CHUNK_LENGTH } from './chunks.js'
export type { EmbeddingSizes } from './embeddings.js'
export type { Emphasis } from './emphasis/types.js'
export { applyWeights, needsEmptyPrompt, type WeightedEncoding } from './encode.js'
export { type CivitaiLora, type CivitaiRejection, parseCivitaiLora } from './horde/civitai.js'
export type { LibraryEmbedding, LibraryLora, LoraVersion, PromptLibrary } from './horde/library.js'
export {
  type AdapterFault,
  type EmbeddingRequest,
  type LoraRequest,
  type PromptRequest,
  type ResolvedLora,
  type ResolvedPrompts,
  resolvePrompts,
} from './horde/resolve.js'
export { splitPrompt } from './split.js'
export { type TokenizeOptions, tokenizePrompt } from './tokenize.js'
