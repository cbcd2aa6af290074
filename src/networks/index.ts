/** The networks of Stable Diffusion, built from a checkpoint as it is. */
export { buildTextEncoder, type TextEncoderOptions, textLayers, tokenTable } from './clip.js'
export type { LoraLayer } from './lora.js'
export type { BuildOptions } from './options.js'
export { buildUnet, latentMultipleFor, type UnetOptions, unetLayers } from './unet.js'
export { buildVaeDecoder, buildVaeEncoder } from './vae.js'
