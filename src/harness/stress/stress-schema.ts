/** What a run of `stress` found: the `stress` section of `run.json`. Times are milliseconds since its start. */
import { z } from 'zod'

/** One job of a schedule, as it went. */
const stressJobSchema = z.object({
  /** Number within the run, in the order in which the jobs were started. */
  n: z.number().int(),
  schedule: z.string(),
  /** Name of the request; jobs of one name must have one result. */
  job: z.string(),
  /** Number of the lane that finished it; absent where none did. */
  lane: z.number().int().optional(),
  /** Given to the engine, begun in a lane for the first time, over. */
  queuedMs: z.number(),
  startedMs: z.number().optional(),
  endedMs: z.number(),
  state: z.enum(['ok', 'fault', 'cancelled', 'lost']),
  /** Code of its fault. */
  fault: z.string().optional(),
  retries: z.number().int(),
  /** What was done to it. */
  injected: z.string().optional(),
  verdict: z.enum(['same', 'within-tolerance', 'different', 'unexpected', 'not-judged']),
})

const bleedSchema = z.object({
  /** The job whose result it is, or has something of. */
  job: z.string(),
  /** `stage`: bits of a stage are the other job's; `pixels`: the picture has something of the other's. */
  evidence: z.enum(['stage', 'pixels']),
  /** Names of the stages. */
  stages: z.array(z.string()).optional(),
  /** Of the difference from the job's own solo picture with the difference of the two solo pictures: 1 is the other's, or a mixture. */
  correlation: z.number().optional(),
  /** Root mean squares of the differences from the other's solo picture and from its own, 0 to 255. */
  rms: z.number().optional(),
  ownRms: z.number().optional(),
})

const problemSchema = z.object({
  /** Of {@link stressJobSchema}. */
  n: z.number().int(),
  schedule: z.string(),
  job: z.string(),
  /** One sentence. */
  reason: z.string(),
  /** First stage whose bits differ from the solo run's. */
  leavesAt: z.string().optional(),
  bleed: bleedSchema.optional(),
})

export const stressSchema = z.object({
  /** Makes the same schedules again. */
  seed: z.number().int(),
  mode: z.enum(['deterministic', 'default']),
  /** PSNR in dB that a picture of default mode must have to its solo run. */
  toleranceDb: z.number(),
  lanes: z.number().int(),
  inFlight: z.number().int(),
  verdict: z.enum(['pass', 'fail']),
  reason: z.string(),
  totals: z.object({
    jobs: z.number().int(),
    same: z.number().int(),
    withinTolerance: z.number().int(),
    bleeds: z.number().int(),
    lost: z.number().int(),
    /** Faults that the schedule does not ask for. */
    unexplained: z.number().int(),
    faults: z.number().int(),
    cancelled: z.number().int(),
    kills: z.number().int(),
    retries: z.number().int(),
  }),
  schedules: z.array(
    z.object({
      name: z.string(),
      about: z.string(),
      jobs: z.number().int(),
      problems: z.number().int(),
      startMs: z.number(),
      endMs: z.number(),
    }),
  ),
  problems: z.array(problemSchema),
  /** The smallest schedule that fails, and the file that replays it. */
  shrunk: z
    .object({ file: z.string(), entries: z.number().int(), from: z.number().int(), runs: z.number().int() })
    .optional(),
  /** Jobs and lanes over time; the first jobs, the last, and every job with a problem where there are too many to keep. */
  timeline: z.object({
    jobs: z.array(stressJobSchema),
    omitted: z.number().int(),
    lanes: z.array(
      z.object({
        lane: z.number().int(),
        atMs: z.number(),
        event: z.enum(['start', 'death', 'recycled']),
        reason: z.string().optional(),
      }),
    ),
  }),
  memory: z.object({
    /** Bytes of all lanes. */
    samples: z.array(z.object({ atMs: z.number(), jobs: z.number().int(), rss: z.number() })),
    /** Least squares over the samples of the second half; absent, as the next, where a lane was replaced. */
    bytesPerJob: z.number().optional(),
    /** Growth from 100 jobs to the end, as a share. */
    growthSince100: z.number().optional(),
    networks: z.array(
      z.object({
        name: z.string(),
        estimated: z.number(),
        measured: z.number(),
        loadMs: z.number(),
        resident: z.boolean(),
      }),
    ),
  }),
  scheduler: z.object({
    runs: z.number().int(),
    requests: z.number().int(),
    most: z.number().int(),
    ownMs: z.number(),
    busyMs: z.number(),
  }),
  wallMs: z.number(),
})

export type Stress = z.infer<typeof stressSchema>
export type StressJob = z.infer<typeof stressJobSchema>
export type StressProblem = z.infer<typeof problemSchema>
export type StressBleed = z.infer<typeof bleedSchema>
