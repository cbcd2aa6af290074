/** The section `kudos` of `run.json`: what the jobs of a run are worth to the Horde, and in what time they were drawn. */
import { z } from 'zod'

/** Sums over jobs. Times are without the loading of models. */
const worthSchema = z.object({
  cases: z.number().int(),
  pictures: z.number().int(),
  seconds: z.number(),
  kudos: z.number(),
  kudosPerHour: z.number(),
})

export const kudosCaseSchema = z.object({
  id: z.string(),
  /** E.g. `stable_diffusion_1 · txt2img · 512`: family, kind, and the side of the smallest usual square that holds it. */
  class: z.string(),
  /** Of all pictures of the job, to a worker with the latest bridge. */
  kudos: z.number(),
  /** `legacy` where the Horde's model cannot look at the payload; `reason` says why. */
  by: z.enum(['model', 'legacy']),
  reason: z.string().optional(),
  /** What the Horde's model expects a picture to take. */
  expectedSeconds: z.number().optional(),
  surcharge: z.number(),
  multiplier: z.number(),
  pictures: z.number().int(),
  /** What the job took, without loading its model. */
  seconds: z.number(),
  kudosPerHour: z.number(),
  /** Sampler steps a second, by the time of the steps alone; null for a job without steps. */
  stepsPerSecond: z.number().nullable(),
})

export const kudosSchema = z.object({
  /** Where the prices come from. */
  model: z.object({ file: z.string(), sha256: z.string(), basisSeconds: z.number() }),
  cases: z.array(kudosCaseSchema),
  classes: z.array(worthSchema.extend({ class: z.string() })),
  /** All cases together, each counted once. */
  mix: worthSchema,
  /** What a feature adds: a case less its twin, the same payload without the feature. */
  features: z.array(
    z.object({
      features: z.array(z.string()),
      case: z.string(),
      twin: z.string(),
      kudos: z.number(),
      seconds: z.number(),
      /** Time of the case over that of its twin. */
      secondsRatio: z.number(),
      kudosRatio: z.number(),
    }),
  ),
  /** Where the Horde's model asks less for more. */
  oddities: z.array(z.object({ what: z.string(), message: z.string() })),
  /** Against another run of the same payloads; above 1 this run earns more in the same time. */
  against: z
    .object({
      run: z.string(),
      backend: z.string(),
      version: z.string(),
      classes: z.array(z.object({ class: z.string(), cases: z.number().int(), ratio: z.number() })),
      /** Kudos per hour over the cases that both have. */
      mix: z.number(),
    })
    .optional(),
})

export type KudosCase = z.infer<typeof kudosCaseSchema>
export type KudosSection = z.infer<typeof kudosSchema>
export type Worth = z.infer<typeof worthSchema>
