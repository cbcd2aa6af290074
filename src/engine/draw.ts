/** One request from beginning to end: job, model, plan, lane, pictures. Whatever goes wrong ends as a fault. */
import { CancelledError, faultOf } from '../errors.js'
import { encodeImage } from '../imaging/encode.js'
import { loadSharp } from '../imaging/sharp.js'
import type { LaneResult, LaneTask } from '../lane/protocol.js'
import { sha256 } from '../lane/stages.js'
import { makePlan } from '../plan/make-plan.js'
import type { AdapterLibrary } from './adapter-library.js'
import { drawMap } from './draw-map.js'
import { imageParameters } from './image-parameters.js'
import type { LaneOutcome } from './lanes/lanes-types.js'
import { preparePictures } from './prepare-pictures.js'
import { requestToJob } from './request-to-job.js'
import type { AdapterResolver } from './resolve-adapters.js'
import type { ModelResolver } from './resolve-model.js'
import type {
  EngineEvent,
  GeneratedImage,
  GenerateOptions,
  GenerateRequest,
  Generation,
  PlannedRequest,
  Timings,
} from './types.js'

/** What the engine has at hand to decide a request with. */
export interface PlanningInput {
  request: GenerateRequest
  options: GenerateOptions
  resolve: ModelResolver
  library: () => Promise<AdapterLibrary>
  resolveAdapters: AdapterResolver
}

export interface DrawInput extends PlanningInput {
  id: string
  runInLane(task: LaneTask): Promise<LaneOutcome>
  emit(event: EngineEvent): void
}

type Known = Pick<Generation, 'job' | 'plan' | 'notes'>

const NO_TIMINGS: Timings = { load: 0, encode: 0, steps: [], decode: 0, output: 0, total: 0 }

/** Everything that is decided before a lane sees a request; `tell` hears of each part as soon as it is known. */
async function decide(
  { request, options, resolve, library, resolveAdapters }: PlanningInput,
  tell: (known: Known) => void,
) {
  const job = await requestToJob(request, { resolve, library, options })
  tell({ job, notes: job.notes })
  const model = await resolve(job.model)
  // The annotator's map is all that is asked for: there is nothing to plan.
  if (job.control?.returnMap) return { job, model, mapOf: job.control }
  const adapters = await resolveAdapters(job, model)
  const notes = [...job.notes, ...adapters.notes]
  const pictures = await preparePictures(job, { facts: model.facts, library })
  const { name, baseline, facts, vae } = model
  const plan = makePlan(job, { name, baseline, facts, ...(vae && { vae }) }, adapters, pictures.planned)
  tell({ job, plan, notes })
  return { job, model, plan, notes, adapters, pictures }
}

/** The plan of a request, without drawing it; what drawing would fault on before it draws is a fault here, too. */
export async function planOnly(input: PlanningInput): Promise<PlannedRequest> {
  let known: Known = { notes: [] }
  try {
    await decide(input, now => {
      known = now
    })
    return { ...known, faults: [] }
  } catch (error) {
    return { ...known, faults: [faultOf(error)] }
  }
}

export async function draw({ id, runInLane, emit, ...input }: DrawInput): Promise<Generation> {
  const { options } = input
  let known: Known & Pick<Generation, 'retries' | 'lane'> = { notes: [], retries: 0 }
  const without = (state: 'fault' | 'cancelled', faults: Generation['faults'] = []): Generation => ({
    id,
    state,
    images: [],
    faults,
    fingerprints: {},
    timings: NO_TIMINGS,
    ...known,
  })
  try {
    const decided = await decide(input, now => {
      known = { ...known, ...now }
    })
    const { job, model } = decided
    if (decided.mapOf !== undefined) {
      const map = await drawMap(job, decided.mapOf, options.format ?? 'png')
      return { id, state: 'ok', faults: [], ...map, ...known }
    }
    const { plan, notes, adapters, pictures } = decided
    emit({ type: 'planned', plan, notes })
    // While the lane computes; where it cannot be loaded, encoding says so.
    loadSharp().catch(() => {})

    const outcome = await runInLane({
      id,
      priority: options.priority ?? 0,
      plan,
      file: model.file,
      ...(model.vaeFile && { vae: model.vaeFile }),
      embeddings: adapters.embeddingFiles,
      loras: adapters.loraFiles,
      ...pictures.sent,
      keep: options.keep ?? {},
    })
    known = { ...known, retries: outcome.retries, ...(outcome.lane === undefined ? {} : { lane: outcome.lane }) }
    if (outcome.state === 'cancelled') return without('cancelled')
    if (outcome.state === 'fault') return without('fault', [outcome.fault])

    const { result } = outcome
    known = { ...known, notes: [...notes, ...result.notes] }
    const before = performance.now()
    const images = await encodeImages(result, {
      format: options.format ?? 'png',
      parameters: imageParameters(job, model),
    })
    const now = performance.now()
    return {
      id,
      state: 'ok',
      images,
      faults: [],
      fingerprints: result.fingerprints,
      ...(result.stages === undefined ? {} : { stages: result.stages }),
      timings: { ...result.timings, output: now - before, total: result.timings.total + now - before },
      ...known,
    }
  } catch (error) {
    return error instanceof CancelledError ? without('cancelled') : without('fault', [faultOf(error)])
  }
}

function encodeImages(
  { images }: LaneResult,
  { format, parameters }: { format: 'png' | 'webp'; parameters: string },
): Promise<GeneratedImage[]> {
  return Promise.all(
    images.map(async image => ({
      ...image,
      format,
      sha256: sha256(image.pixels),
      file: await encodeImage({ ...image, format, parameters }),
    })),
  )
}
