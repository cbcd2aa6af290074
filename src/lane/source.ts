/** A job's source in the lane: the encoded picture, the mask at the sizes it is needed in, and what the UNet sees beside the latent. */
import { centreCrop, interpolate } from '../imaging/interpolate.js'
import { cropForVae, inpaintSource, type Mask, maskForLatent } from '../imaging/mask.js'
import { fromPixels } from '../imaging/tensor.js'
import type { Plan } from '../plan/types.js'
import type { Latent } from '../sampling/types.js'
import type { LaneTask } from './protocol.js'
import type { LatentShape } from './sample.js'
import type { Session } from './session.js'
import { encodePlanes } from './vae.js'

export interface EncodedSource {
  /** Of one row, VAE scale: not multiplied by the model's scale factor. */
  latent: Latent
  shape: LatentShape
  /** Of the picture's size, grown where the plan says so; 1 is painted. */
  noiseMask?: Mask
}

/** Runs the encoder over the picture; painted pixels are grey where the mask is grown (inpainting). */
export async function encodeSource(
  encoder: Session,
  { image, mask }: NonNullable<LaneTask['source']>,
  growMaskBy: number | undefined,
  onTiles: (side: number) => void = () => {},
): Promise<EncodedSource> {
  const tensor = fromPixels([image])
  const inpainting =
    mask !== undefined && growMaskBy !== undefined ? inpaintSource(tensor, mask, growMaskBy) : undefined
  const pixels = inpainting?.pixels ?? cropForVae(tensor)
  const [, , height, width] = pixels.shape
  const latent = await encodePlanes(encoder, { channels: 3, width, height, data: pixels.data }, onTiles)
  const noiseMask = inpainting?.noiseMask ?? mask
  return {
    latent: latent.data,
    shape: [1, latent.channels, latent.height, latent.width],
    ...(noiseMask && { noiseMask }),
  }
}

/** One row as often as the batch has rows. */
export function repeatRow(row: Latent, [n]: LatentShape): Latent {
  const rows = new Float32Array(row.length * n)
  for (let i = 0; i < n; i++) rows.set(row, i * row.length)
  return rows
}

/** The mask for every channel of every row of a latent, not rounded (`comfy/utils.py: reshape_mask`). */
export function latentMask(mask: Mask, [n, channels, h, w]: LatentShape): Float32Array {
  return repeatRow(maskForLatent(mask, { width: w, height: h }).data, [n * channels, 1, h, w])
}

/** What black is to the VAE of Stable Diffusion 1, as ComfyUI rounds it (`model_base.py: blank_inpaint_image_like`). */
const BLANK = [0.8223, -0.6876, 0.6364, 0.138]

export interface ConcatInput {
  plan: Plan
  shape: LatentShape
  /** Latent that the pass starts from, at the model's scale. */
  start: Latent | undefined
  source: EncodedSource | undefined
}

/**
 * The channels that the UNet sees beside the latent, N×k×h×w, or undefined where it sees none (`comfy/model_base.py:
 * concat_cond`, `IP2P`).
 */
export function concatChannels({ plan, shape, start, source }: ConcatInput): Float32Array | undefined {
  const { concat, model } = plan
  if (concat === undefined) return undefined
  if (concat === 'picture') {
    // CosXL's edit model takes the picture at the model's scale, the others as the VAE gives it.
    const scale = model.facts.sampling.prediction === 'edm-v' ? model.facts.vae.scaleFactor : 1
    return pictureChannels(shape, plan.source?.use === 'concat' ? source : undefined, scale)
  }
  const mask = source?.noiseMask
  return maskChannels(shape, mask !== undefined && start !== undefined ? { mask, latent: start } : undefined)
}

/** The encoded picture, brought to the latent's size by bilinear about its centre; zeros where there is none. */
function pictureChannels(
  shape: LatentShape,
  source: Pick<EncodedSource, 'latent' | 'shape'> | undefined,
  scale: number,
): Float32Array {
  const [n, channels, height, width] = shape
  if (source === undefined) return new Float32Array(n * channels * height * width)
  const [, , h, w] = source.shape
  const planes = { width: w, height: h, data: source.latent }
  const fitted =
    w === width && h === height
      ? planes
      : interpolate(centreCrop(planes, { width, height }), { width, height, mode: 'bilinear' })
  return repeatRow(
    fitted.data.map(value => value * scale),
    shape,
  )
}

/** The rounded mask, then the latent of the masked picture; without a mask everything is painted on a blank picture. */
function maskChannels(
  [n, channels, h, w]: LatentShape,
  painted: { mask: Mask; latent: Latent } | undefined,
): Float32Array {
  const plane = h * w
  const row = (channels + 1) * plane
  const joined = new Float32Array(n * row)
  const mask = painted && maskForLatent(painted.mask, { width: w, height: h }).data.map(value => (value > 0.5 ? 1 : 0))
  for (let i = 0; i < n; i++) {
    const at = joined.subarray(i * row, (i + 1) * row)
    if (painted !== undefined && mask !== undefined) {
      at.set(mask)
      at.set(painted.latent.subarray(i * channels * plane, (i + 1) * channels * plane), plane)
    } else {
      at.fill(1, 0, plane)
      for (let c = 0; c < channels; c++) at.fill(BLANK[c] ?? 0, (c + 1) * plane, (c + 2) * plane)
    }
  }
  return joined
}
