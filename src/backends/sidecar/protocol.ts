/**
 * What a backend and its sidecar say to each other: one JSON object a line, requests on the sidecar's standard input, answers
 * on its standard output. `docs/backends.md` explains it to those who write a sidecar in another language.
 */
import { z } from 'zod'
import { CAPABILITIES } from '../backend.js'

export const SIDECAR_PROTOCOL = 'horde-onnx/sidecar@1'

/** What is wanted beside pictures; a sidecar that has none of it answers without. */
export const wantedSchema = z.object({ plan: z.boolean().optional(), gates: z.boolean().optional() })

/** To the sidecar. It answers `generate` with one `result`, `fault` or `cancelled` of the same id, in any order. */
export type ToSidecar =
  | { type: 'generate'; id: string; payload: string; want?: z.infer<typeof wantedSchema> | undefined }
  | { type: 'cancel'; id: string }
  | { type: 'close' }

const milliseconds = z.number().nonnegative()

export const helloSchema = z.object({
  type: z.literal('hello'),
  protocol: z.literal(SIDECAR_PROTOCOL),
  name: z.string().min(1),
  version: z.string(),
  commit: z.string().optional(),
  can: z.array(z.enum(CAPABILITIES)),
  samplers: z.array(z.string()).optional(),
  environment: z.object({
    provider: z.string(),
    device: z.string(),
    dtype: z.string(),
    /** Version of what computes, e.g. of ONNX Runtime or `torch2.6`. */
    runtime: z.string(),
    threads: z.number().int().positive(),
  }),
})

export const stepSchema = z.object({
  type: z.literal('step'),
  id: z.string(),
  step: z.number().int(),
  steps: z.number().int(),
})

export const sidecarTimingsSchema = z.object({
  load: milliseconds,
  encode: milliseconds,
  steps: z.array(z.object({ inside: milliseconds, outside: milliseconds })),
  decode: milliseconds,
  output: milliseconds,
  total: milliseconds,
})

export const resultSchema = z.object({
  type: z.literal('result'),
  id: z.string(),
  /** PNG files, base64. */
  images: z.array(z.string()).min(1),
  /** Absent where the sidecar does not know its phases. */
  timings: sidecarTimingsSchema.optional(),
  fingerprints: z.record(z.string(), z.string()).optional(),
  /** What was decided before anything was computed, as JSON (`want.plan`). */
  plan: z.unknown().optional(),
  /** Tensors that the harness's gates compare (`want.gates`): 32-bit floats, little-endian, base64. */
  stages: z.record(z.string(), z.object({ shape: z.array(z.number().int()), data: z.string() })).optional(),
  notes: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
})

export const sidecarFaultSchema = z.object({
  type: z.literal('fault'),
  id: z.string(),
  /** `unsupported` for what the sidecar cannot do, anything else for what went wrong. */
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
})

export const cancelledSchema = z.object({ type: z.literal('cancelled'), id: z.string() })

export const fromSidecarSchema = z.discriminatedUnion('type', [
  helloSchema,
  stepSchema,
  resultSchema,
  sidecarFaultSchema,
  cancelledSchema,
])

export type Hello = z.infer<typeof helloSchema>
export type FromSidecar = z.infer<typeof fromSidecarSchema>
export type SidecarResult = z.infer<typeof resultSchema>
