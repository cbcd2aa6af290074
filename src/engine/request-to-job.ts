import type { Job } from '../payload/job.js'
import { parsePayload } from '../payload/parse.js'
import { payloadModel, payloadToJob, type ToJobOptions } from '../payload/to-job.js'
import type { PromptLibrary } from '../prompt/index.js'
import type { AdapterLibrary } from './adapter-library.js'
import type { ModelResolver } from './resolve-model.js'
import { withResolvedPrompts } from './resolve-prompts.js'
import type { GenerateOptions, GenerateRequest } from './types.js'

/** What `defaults: 'friendly'` gives a payload that says nothing: values that suit the embedded model. */
const FRIENDLY = {
  model: 'pocket-sd15',
  width: 128,
  height: 128,
  ddim_steps: 20,
  cfg_scale: 5,
  sampler_name: 'k_euler',
  scheduler: 'karras',
} as const satisfies ToJobOptions['defaults']

const NOTHING: PromptLibrary = { loras: [], embeddings: [] }

export interface RequestContext {
  resolve: ModelResolver
  library: () => Promise<AdapterLibrary>
  options: GenerateOptions
}

/**
 * A request as it came to a job: text or an object through the Horde's rules, a ready job as it is.
 *
 * @throws PayloadError, UnknownModelError, ModelFileError, UnsupportedError
 */
export async function requestToJob(
  request: GenerateRequest,
  { resolve, library, options }: RequestContext,
): Promise<Job> {
  if (isJob(request)) return request.job
  const payload = typeof request === 'string' ? parsePayload(request) : request
  const defaults = options.defaults === 'friendly' ? FRIENDLY : 'horde'
  // The Horde's rules depend on the model, whose header has to be read first.
  const name = payloadModel(payload, defaults === 'horde' ? undefined : defaults.model)
  const { baseline, inpainting } = await resolve(name)
  const job = payloadToJob(payload, {
    defaults,
    strict: options.strict === true,
    baselineOf: () => ({ baseline, inpainting }),
  })
  const { sampler, scheduler, stepNoise, emphasis } = options
  const beyond = {
    ...(sampler && { sampler }),
    ...(scheduler && { scheduler }),
    ...(stepNoise && { stepNoise }),
    ...(emphasis && { emphasis }),
  }
  const named = job.loras.length > 0 || job.embeddings.length > 0
  return withResolvedPrompts({ ...job, ...beyond }, named ? await (await library()).prompts() : NOTHING)
}

function isJob(request: GenerateRequest): request is { job: Job } {
  return typeof request === 'object' && 'job' in request
}
