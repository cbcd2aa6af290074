import type { Job } from '../payload/job.js'
import type { ModelResolver } from './resolve-model.js'
import type { GenerateOptions, GenerateRequest } from './types.js'

export async function requestToJob(
  request: GenerateRequest,
  _context: { resolve: ModelResolver; options: GenerateOptions },
): Promise<Job> {
  if (typeof request === 'string' || !('job' in request)) throw new Error('temporary')
  return request.job as Job
}
