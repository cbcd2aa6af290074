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

/** What the jobs with something in common do to the time of all traffic. */
const trafficPartSchema = z.object({
  name: z.string(),
  /** Of the traffic's payloads, 0 to 1. */
  share: z.number(),
  /** Time of the cases that have it, over that of the other run. */
  time: z.number(),
  /** To the other run's time of all traffic: 0.02 is two percent more. */
  adds: z.number(),
})

export const trafficSchema = z.object({
  /** Where the payloads were read. */
  from: z.string(),
  payloads: z.number().int(),
  /** Payloads of classes that the run drew; the others are left out. */
  covered: z.number().int(),
  uncovered: z.array(z.object({ class: z.string(), payloads: z.number().int() })),
  kudosPerHour: z.number(),
  against: z
    .object({
      /** Kudos per hour over those of the other run. */
      ratio: z.number(),
      /** What adds most comes first. */
      classes: z.array(trafficPartSchema),
      features: z.array(trafficPartSchema),
    })
    .optional(),
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
  /** The classes of payloads, as often as recorded traffic asks for them. */
  traffic: trafficSchema.optional(),
})

export type KudosCase = z.infer<typeof kudosCaseSchema>
export type KudosSection = z.infer<typeof kudosSchema>
export type Traffic = z.infer<typeof trafficSchema>
export type Worth = z.infer<typeof worthSchema>
