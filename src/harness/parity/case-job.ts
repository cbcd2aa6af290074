import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FixtureError, UnsupportedError } from '../../errors.js'
import type { Job, SourceImage } from '../../payload/job.js'
import { splitPrompt } from '../../prompt/split.js'
import { SAMPLER_NAMES, SCHEDULER_NAMES } from '../../sampling/names.js'
import { modelName, modelPath, type Pack } from './pack.js'
import { type PackCase, unknownFields } from './pack-case.js'

/**
 * A case of a pack as a job, without any rule of the Horde: nothing is clamped or rounded, and no quirk applies.
 *
 * @throws UnsupportedError where the case asks for something that no job can say; FixtureError where a picture is missing
 */
export async function caseToJob(pack: Pack, one: PackCase): Promise<Job> {
  const unknown = unknownFields(one)
  if (unknown.length > 0) throw new UnsupportedError(`the case asks for ${unknown.join(', ')}, which is not known here`)
  const { payload, hires, controlnet } = one
  const { prompt, negative = '' } = splitPrompt(payload.prompt)
  const { width, height } = hires ?? payload
  const source = await pictureOf(pack, 'source_image', payload.source_image)
  const mask = await pictureOf(pack, 'source_mask', payload.source_mask)
  if (controlnet !== undefined && source === undefined) throw missing(one, 'source_image', 'its ControlNet')

  return {
    model: modelName(one),
    prompt,
    negativePrompt: negative,
    seed: payload.seed,
    width,
    height,
    steps: payload.ddim_steps,
    cfgScale: payload.cfg_scale,
    clipSkip: payload.clip_skip,
    images: payload.n_iter,
    sampler: nameOf('sampler', one.sampler, SAMPLER_NAMES),
    scheduler: nameOf('scheduler', one.scheduler, SCHEDULER_NAMES),
    stepNoise: one.noise,
    denoise: payload.denoising_strength,
    tiling: payload.tiling,
    transparent: false,
    workflow: 'auto_detect',
    ...(controlnet === undefined || source === undefined
      ? {}
      : {
          control: {
            type: payload.control_type ?? null,
            file: modelPath(pack, controlnet),
            strength: payload.control_strength,
            image: source,
            imageIsControl: true,
            returnMap: false,
          },
        }),
    // With a ControlNet the picture is its control image, and drawing begins from an empty latent.
    ...(controlnet !== undefined || payload.source_processing === undefined
      ? {}
      : {
          source: {
            processing: processingOf(payload.source_processing),
            image: source ?? failMissing(one, 'source_image', payload.source_processing),
            ...(mask === undefined ? {} : { mask }),
            ...(pack.torchThreads === 0 ? {} : { torchThreads: pack.torchThreads }),
          },
        }),
    ...(hires === undefined
      ? {}
      : {
          hires: { firstWidth: payload.width, firstHeight: payload.height, steps: hires.steps, denoise: hires.denoise },
        }),
    loras: payload.loras,
    embeddings: [],
    extraSourceImages: [],
    extraTexts: [],
    postProcessing: [],
    notes: [],
  }
}

async function pictureOf(
  { imageFolder }: Pack,
  field: string,
  name: string | undefined,
): Promise<SourceImage | undefined> {
  if (name === undefined) return undefined
  const file = join(imageFolder, name)
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new FixtureError(`${field} must be a picture of the pack, ${file} cannot be read`, { cause })
  })
  return { origin: file, bytes }
}

function nameOf<T extends string>(what: string, name: string, known: readonly T[]): T {
  const found = known.find(candidate => candidate === name)
  if (found === undefined) throw new UnsupportedError(`there is no ${what} ${name} here`)
  return found
}

/** A checkpoint with 8 channels makes pix2pix of img2img by itself. */
function processingOf(name: string) {
  if (name === 'img2img' || name === 'pix2pix') return 'img2img'
  if (name === 'inpainting' || name === 'outpainting' || name === 'remix') return name
  throw new UnsupportedError(`there is no source_processing ${name} here`)
}

function failMissing(one: PackCase, field: string, why: string): never {
  throw missing(one, field, why)
}

function missing({ id }: PackCase, field: string, why: string): FixtureError {
  return new FixtureError(`cases/${id}/case.json: payload.${field} is missing, ${why} needs it`)
}
