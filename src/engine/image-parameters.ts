import { formatParameters } from '../imaging/parameters.js'
import type { Job } from '../payload/job.js'
import { version } from '../version.js'
import type { ResolvedModel } from './resolve-model.js'

/** What a picture carries of the job that it was drawn from, in the notation that image tools read. */
export function imageParameters(job: Job, { name, sha256 }: ResolvedModel): string {
  const { prompt, negativePrompt, steps, sampler, scheduler, cfgScale, seed, width, height, clipSkip, denoise } = job
  return formatParameters({
    prompt,
    negativePrompt,
    steps,
    sampler,
    scheduler,
    cfgScale,
    seed,
    width,
    height,
    model: name,
    ...(sha256 === undefined ? {} : { modelHash: sha256.slice(0, 10) }),
    ...(clipSkip > 1 ? { clipSkip } : {}),
    ...(denoise < 1 ? { denoise } : {}),
    version: `horde-onnx ${version}`,
  })
}
