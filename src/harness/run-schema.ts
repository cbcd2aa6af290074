/**
 * `run.json`: the only authority on what a run did. Everything else (tables, pages, JUnit) is rendered from it. Files are
 * named relative to the run's directory; nothing in it names a path of the machine.
 */
import { z } from 'zod'
import { speedSchema } from './bench/speed-schema.js'
import { comparisonSchema } from './compare/schema.js'
import { kudosSchema } from './kudos/kudos-schema.js'
import { stressSchema } from './stress/stress-schema.js'

export const RUN_SCHEMA = 'horde-onnx/run@1'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

/** What must be equal for two runs to be expected to agree to the last bit. */
export const environmentSchema = z.object({
  /** Short stable key of the class, e.g. `cpu-x64-avx512-fp32-ort1.30.0`: the folder of its goldens. */
  class: z.string(),
  provider: z.string(),
  /** Device or CPU model, as the system names it. */
  device: z.string(),
  /** Vector instructions that choose ONNX Runtime's kernels: `avx512`, `avx2`, `neon`, `unknown`. */
  isa: z.string(),
  dtype: z.string(),
  ort: z.string(),
  node: z.string(),
  platform: z.string(),
  threads: z.number().int(),
  memoryBytes: z.number(),
})

export const imageSchema = z.object({
  file: z.string(),
  width: z.number().int(),
  height: z.number().int(),
  channels: z.number().int(),
  /** Of the decoded pixels, not of the file. */
  sha256,
})

/**
 * A safetensors file of what gates compare beside the pictures, by the names of the stages (`src/lane/protocol.ts`): the
 * encoded source and latents at telling steps as they are, sketches of everything else, named `….sketch`.
 */
export const tensorFileSchema = z.object({
  file: z.string(),
  /** Of the file. */
  sha256,
})

const timingsSchema = z.object({
  load: z.number(),
  encode: z.number(),
  steps: z.array(z.object({ inside: z.number(), outside: z.number() })),
  decode: z.number(),
  waiting: z.number().optional(),
  output: z.number(),
  total: z.number(),
})

const noteSchema = z.object({
  field: z.string(),
  message: z.string(),
  quirk: z.string().optional(),
  missing: z.object({ type: z.enum(['lora', 'ti']), value: z.literal('download_failed'), ref: z.string() }).optional(),
})

const faultSchema = z.object({ code: z.string(), message: z.string(), hint: z.string().optional() })

export const OUTPUT_KINDS = ['photo', 'control_map', 'mask', 'upscale', 'alpha'] as const

/** What comes of a fixture where that is no picture of its own. */
export const expectationSchema = z.union([
  /** It ends in a fault with this code, e.g. `unsupported`: drawing it is what would be wrong. */
  z.strictObject({ fault: z.string().min(1) }),
  /** It draws the picture of this case, because the Horde makes no difference between the two. */
  z.strictObject({ same_as: z.string().min(1) }),
])

/** What a fixture is, repeated in the run so that a run can be read without the fixtures. */
export const caseFixtureSchema = z.object({
  /** Bumped when the fixture changes on purpose; goldens of another version do not count. */
  version: z.number().int().positive(),
  title: z.string().optional(),
  features: z.array(z.string()),
  /** Case with the same payload and the feature off. */
  twin: z.string().optional(),
  expect: expectationSchema.optional(),
  output: z.enum(OUTPUT_KINDS),
  source: z.string().optional(),
  /** The payload verbatim, as text: seeds beyond 2^53 keep their digits. Pictures are replaced by their hash. */
  payload: z.string(),
  payloadSha256: sha256,
})

/** In the order in which they are asked. */
export const GATES = [
  'contract',
  'plan',
  'inputs',
  'conditioning',
  'latents',
  'pixels',
  'defects',
  'contrast',
  'population',
] as const

export const VERDICTS = ['pass', 'drift', 'fail', 'error', 'no-golden', 'waived'] as const

export const gateResultSchema = z.object({
  gate: z.string(),
  /** `unmeasured`: there was nothing to compare; it neither passes nor fails a case, and says why in its reason. */
  verdict: z.enum(['pass', 'drift', 'fail', 'error', 'unmeasured']),
  /** One sentence a person can act on. */
  reason: z.string(),
  /** Measured values by name, e.g. `ssim`, `worst_block`, `psnr`; `limit_…` beside those that were compared. */
  metrics: z.record(z.string(), z.number()),
})

export const verdictSchema = z.object({
  verdict: z.enum(VERDICTS),
  /** First gate that did not pass. */
  gate: z.string().optional(),
  reason: z.string(),
  gates: z.array(gateResultSchema),
  /**
   * Distance to the golden after every step that both have: ‖ours − theirs‖ / ‖theirs‖ of the denoised latent. Passes and
   * steps count from 1. A jump at the first steps is another computation, a slow slope is float drift.
   */
  growth: z
    .array(z.object({ pass: z.number().int(), step: z.number().int(), distance: z.number().nonnegative() }))
    .optional(),
  /** Golden that was compared, with its environment class; `crossClass` where that is not the run's own. */
  golden: z
    .object({
      class: z.string(),
      crossClass: z.boolean(),
      images: z.array(imageSchema),
      approvedBy: z.string(),
      /** The approved plan, where the plan gate says that this one is another. */
      plan: z.unknown().optional(),
      /** Which of the accepted variants was matched, or was nearest, and how many there are. */
      variant: z.number().int().optional(),
      variants: z.number().int().optional(),
    })
    .optional(),
  /** How it left the golden: cases with the same fingerprint have the same cause. */
  difference: z.object({ fingerprint: z.string(), says: z.string() }).optional(),
  /** What excuses it; the gates keep what they said. */
  waiver: z.object({ owner: z.string(), reason: z.string(), expires: z.string() }).optional(),
  /** Of a case that failed and was drawn once more on the same machine. */
  redrawn: z
    .object({
      /** The second drawing tells another story than the first: the failure is no regression, the case is unstable. */
      unstable: z.boolean(),
      says: z.string(),
    })
    .optional(),
})

/** Which of the fixtures a run drew: what a run of all of them may do (prune goldens) a part of it may not. */
export const selectionSchema = z.object({
  /** Globs; empty means all. */
  only: z.array(z.string()),
  /** Fixtures there were to choose from. */
  of: z.number().int(),
  shard: z.object({ index: z.number().int(), count: z.number().int() }).optional(),
})

/** A waiver whose glob matches a case of the run. */
export const runWaiverSchema = z.object({
  case: z.string(),
  gate: z.string(),
  owner: z.string(),
  reason: z.string(),
  expires: z.string(),
  /** `expired` fails the run, whatever its cases say; `unused`: every case it matches passes by itself. */
  state: z.enum(['used', 'unused', 'expired']),
})

/** Stored pictures were damaged on purpose and judged: whatever passes says that the judge is not to be trusted. */
export const selfProofSchema = z.object({
  verdict: z.enum(['pass', 'fail', 'unmeasured']),
  reason: z.string(),
  trials: z.array(
    z.object({
      mutation: z.string(),
      case: z.string(),
      caught: z.boolean(),
      /** First gate that caught it. */
      gate: z.string().optional(),
    }),
  ),
})

/** One of the things that `gate` did. */
export const stageSchema = z.object({
  name: z.string(),
  exitCode: z.number().int(),
  /** One sentence. */
  says: z.string(),
  ms: z.number(),
})

export const caseSchema = z.object({
  id: z.string(),
  fixture: caseFixtureSchema,
  state: z.enum(['ok', 'fault', 'cancelled']),
  images: z.array(imageSchema),
  faults: z.array(faultSchema),
  notes: z.array(noteSchema),
  /** The plan (`src/plan/types.ts`), as it was made. */
  plan: z.unknown().optional(),
  planSha256: sha256.optional(),
  fingerprints: z.record(z.string(), sha256),
  /** Absent where the backend tells nothing of its stages. */
  tensors: tensorFileSchema.optional(),
  timings: timingsSchema,
  retries: z.number().int(),
  verdict: verdictSchema.optional(),
})

/**
 * What became of a feature, from the most to the least: a case was judged by a golden; drawn; has to be another one's picture;
 * ended in the fault it is there for; ended in another one; a fixture has it that was not selected; none has.
 */
export const COVERAGE_STATUSES = ['gated', 'replayed', 'aliased', 'fault', 'error', 'unselected', 'missing'] as const

/** What of the payload's space this run covers. */
export const coverageSchema = z.object({
  entries: z.array(
    z.object({
      /** Of a feature, e.g. `sampler:k_euler`, or of a pair, e.g. `lora + hires_fix`. */
      name: z.string(),
      /** E.g. `sampler`; `pair`; `own` for what only these fixtures know. */
      group: z.string(),
      status: z.enum(COVERAGE_STATUSES),
      cases: z.array(z.string()),
    }),
  ),
  /** Fixtures that were there and not selected. */
  unselected: z.array(z.object({ id: z.string(), features: z.array(z.string()) })),
})

export const runSchema = z.object({
  schema: z.literal(RUN_SCHEMA),
  id: z.string(),
  /** ISO 8601. */
  createdAt: z.string(),
  /** False until the last case is in: a run that was cut off stays readable. */
  complete: z.boolean(),
  command: z.string(),
  backend: z.string(),
  version: z.string(),
  /** Git commit of the tool where it runs from a checkout. */
  commit: z.string().optional(),
  environment: environmentSchema,
  models: z.array(z.object({ name: z.string(), file: z.string(), sha256 })),
  wallMs: z.number(),
  cases: z.array(caseSchema),
  /** Cases that were selected and are not in `cases` yet. */
  pending: z.array(z.string()),
  selection: selectionSchema.optional(),
  waivers: z.array(runWaiverSchema).optional(),
  /** The gate of the whole run: do its pictures lean, taken together? */
  population: gateResultSchema.optional(),
  selfProof: selfProofSchema.optional(),
  /** What the run was compared with, written by `check` and `compare`. */
  comparison: comparisonSchema.optional(),
  /** Written by `gate`. */
  stages: z.array(stageSchema).optional(),
  coverage: coverageSchema.optional(),
  /** What `bench` measured. */
  speed: speedSchema.optional(),
  /** What `kudos` made of the cases. */
  kudos: kudosSchema.optional(),
  /** What `stress` found. */
  stress: stressSchema.optional(),
})

export type Environment = z.infer<typeof environmentSchema>
export type RunImage = z.infer<typeof imageSchema>
export type TensorFile = z.infer<typeof tensorFileSchema>
export type Expectation = z.infer<typeof expectationSchema>
export type CaseFixture = z.infer<typeof caseFixtureSchema>
export type GateResult = z.infer<typeof gateResultSchema>
export type CaseVerdict = z.infer<typeof verdictSchema>
export type CaseResult = z.infer<typeof caseSchema>
export type Selection = z.infer<typeof selectionSchema>
export type RunWaiver = z.infer<typeof runWaiverSchema>
export type SelfProof = z.infer<typeof selfProofSchema>
export type RunStage = z.infer<typeof stageSchema>
export type CoverageStatus = (typeof COVERAGE_STATUSES)[number]
export type Coverage = z.infer<typeof coverageSchema>
export type Run = z.infer<typeof runSchema>
