/** One request from beginning to end: job, model, plan, lane, pictures. Whatever goes wrong ends as a fault. */
import { CancelledError, faultOf } from '../errors.js'
import { encodeImage } from '../imaging/encode.js'
import type { LaneResult, LaneTask } from '../lane/protocol.js'
import { sha256 } from '../lane/stages.js'
import { makePlan } from '../plan/make-plan.js'
import type { AdapterLibrary } from './adapter-library.js'
import { drawMap } from './draw-map.js'
import { imageParameters } from './image-parameters.js'
import type { LaneOutcome } from './lane-process.js'
import { preparePictures } from './prepare-pictures.js'
import { requestToJob } from './request-to-job.js'
import type { AdapterResolver } from './resolve-adapters.js'
import type { ModelResolver } from './resolve-model.js'
import type { EngineEvent, GeneratedImage, GenerateOptions, GenerateRequest, Generation, Timings } from './types.js'

export interface DrawInput {
  id: string
  request: GenerateRequest
  options: GenerateOptions
  resolve: ModelResolver
  library: () => Promise<AdapterLibrary>
  resolveAdapters: AdapterResolver
  runInLane(task: LaneTask): Promise<LaneOutcome>
  emit(event: EngineEvent): void
}

const NO_TIMINGS: Timings = { load: 0, encode: 0, steps: [], decode: 0, output: 0, total: 0 }

export async function draw({
  id,
  request,
  options,
  resolve,
  library,
  resolveAdapters,
  runInLane,
  emit,
}: DrawInput): Promise<Generation> {
  let known: Pick<Generation, 'job' | 'plan' | 'notes' | 'retries'> = { notes: [], retries: 0 }
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
    const job = await requestToJob(request, { resolve, library, options })
    known = { ...known, job, notes: job.notes }
    const model = await resolve(job.model)
    const { name, baseline, facts, file } = model
    if (job.control?.returnMap) {
      const map = await drawMap(job, job.control, options.format ?? 'png')
      return { id, state: 'ok', faults: [], ...map, ...known }
    }
    const adapters = await resolveAdapters(job, model)
    const notes = [...job.notes, ...adapters.notes]
    const pictures = await preparePictures(job, { facts, library })
    const plan = makePlan(job, { name, baseline, facts }, adapters, pictures.planned)
    known = { ...known, plan, notes }
    emit({ type: 'planned', plan, notes })

    const outcome = await runInLane({
      id,
      plan,
      file,
      embeddings: adapters.embeddingFiles,
      loras: adapters.loraFiles,
      ...pictures.sent,
      keep: options.keep ?? {},
    })
    known = { ...known, retries: outcome.retries }
    if (outcome.state === 'cancelled') return without('cancelled')
    if (outcome.state === 'fault') return without('fault', [outcome.fault])

    const { result } = outcome
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
