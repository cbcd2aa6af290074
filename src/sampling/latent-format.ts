/** Between the latents of a VAE and those that its UNet was trained on (comfy/latent_formats.py). Rounded where torch rounds. */
import type { VaeFacts } from '../models/facts.js'
import type { Latent } from './types.js'

const f32 = Math.fround

/** Latents of the VAE at the model's scale. `plane` is the number of values of a channel. */
export function toModelScale(latent: Latent, { scaleFactor, normalized, latentChannels }: VaeFacts, plane: number) {
  if (normalized === undefined) return latent.map(value => value * scaleFactor)
  const { mean, std } = planes(normalized)
  return latent.map((value, i) => {
    const channel = Math.floor(i / plane) % latentChannels
    return f32(f32(value - (mean[channel] ?? 0)) * scaleFactor) / (std[channel] ?? 1)
  })
}

/** The inverse of {@link toModelScale}. */
export function toVaeScale(latent: Latent, { scaleFactor, normalized, latentChannels }: VaeFacts, plane: number) {
  if (normalized === undefined) return latent.map(value => value / scaleFactor)
  const { mean, std } = planes(normalized)
  return latent.map((value, i) => {
    const channel = Math.floor(i / plane) % latentChannels
    return f32(f32(value * (std[channel] ?? 1)) / scaleFactor) + (mean[channel] ?? 0)
  })
}

function planes({ mean, std }: NonNullable<VaeFacts['normalized']>) {
  return { mean: mean.map(f32), std: std.map(f32) }
}
