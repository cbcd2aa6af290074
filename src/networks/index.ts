/** The networks of Stable Diffusion, built from a checkpoint as it is. */
export { buildTextEncoder, tokenTable } from './clip.js'
export { downInput, type LoraLayer, type LoraLayers, loraLayers, upInput } from './lora.js'
export type { BuildOptions } from './options.js'
export { buildUnet, type UnetOptions } from './unet.js'
export { buildVaeDecoder, buildVaeEncoder } from './vae.js'
