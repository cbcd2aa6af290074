/** A request as it came to a job: text or an object through the Horde's rules, a ready job as it is. */
import type { Job } from '../payload/job.js'
import { parsePayload, unwrapPop } from '../payload/parse.js'
import { payloadToJob } from '../payload/to-job.js'
import type { ResolvedModel } from './resolve-model.js'
import type { GenerateOptions, GenerateRequest } from './types.js'

/** Model of a request that names none and asks for friendly defaults. */
const DEFAULT_MODEL = 'pocket-sd15'
