import { z } from 'zod'
import { caseSchema, environmentSchema, imageSchema, OUTPUT_KINDS, runSchema, tensorFileSchema } from './run-schema.js'

export const GOLDEN_SCHEMA = 'horde-onnx/golden@1'

/**
 * An approved case: `golden/<environment class>/<case>.json`, its pictures beside it. Further accepted variants lie beside it
 * as `<case>@2.json`, `<case>@3.json` …
 */
export const goldenSchema = z.object({
  schema: z.literal(GOLDEN_SCHEMA),
  case: z.string(),
  fixtureVersion: z.number().int(),
  payloadSha256: z.string(),
  output: z.enum(OUTPUT_KINDS),
  environment: environmentSchema,
  images: z.array(imageSchema).min(1),
  plan: z.unknown().optional(),
  planSha256: z.string().optional(),
  /** In the order in which the stages are computed. */
  fingerprints: caseSchema.shape.fingerprints,
  /** Beside the pictures. */
  tensors: tensorFileSchema.optional(),
  approved: z.object({
    by: z.string(),
    reason: z.string(),
    /** ISO 8601. */
    at: z.string(),
    /** Run that the pictures come from, with the tool and the models that drew them. */
    run: z.string(),
    /** Who drew it, where that was not our engine. */
    backend: z.string().optional(),
    version: z.string(),
    commit: z.string().optional(),
    models: runSchema.shape.models,
  }),
})

export type Golden = z.infer<typeof goldenSchema>
