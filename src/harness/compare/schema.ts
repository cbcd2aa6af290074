/** What two or more runs, or a run and the goldens, have in common: the feature parity matrix and the causes to be reviewed. */
import { z } from 'zod'

export const COMPARISON_SCHEMA = 'horde-onnx/comparison@1'

/**
 * How a case of a candidate stands to the reference, from what needs a person most to what needs none. `uncompared`: one of
 * the two does not have the case, or has it with another payload. A waiver changes a verdict, never a standing.
 */
export const STANDINGS = ['fault', 'different', 'unsupported', 'drift', 'uncompared', 'same'] as const

export const standingSchema = z.enum(STANDINGS)

/** One of the things that are compared; a column of the matrix where it is a candidate. */
export const sideSchema = z.object({
  /** What the column is called, e.g. `horde-onnx 0.2.0`. */
  name: z.string(),
  kind: z.enum(['run', 'goldens']),
  /** Of a run; goldens are of several. */
  run: z.string().optional(),
  backend: z.string().optional(),
  version: z.string().optional(),
  commit: z.string().optional(),
  /** Environment classes: one of a run, those that were compared with of goldens. */
  classes: z.array(z.string()),
  cases: z.number().int(),
})

export const cellSchema = z.object({
  /** The most serious of the cases. */
  standing: standingSchema,
  /** Cases by standing; those that are not there are 0. */
  counts: z.partialRecord(standingSchema, z.number().int()),
  /** Cases that are not the same. */
  cases: z.array(z.object({ id: z.string(), standing: standingSchema })),
})

/** Cases that left the reference in the same way: one cause, to be reviewed once. */
export const groupSchema = z.object({
  /** Twelve hex digits, equal for equal differences in any run. */
  fingerprint: z.string(),
  /** Index in `candidates`. */
  candidate: z.number().int(),
  gate: z.string(),
  verdict: z.enum(['drift', 'fail', 'error']),
  /** What they have in common, in one sentence. */
  says: z.string(),
  cases: z.array(z.string()),
  /** Features that all of them have. */
  features: z.array(z.string()),
})

export const comparisonSchema = z.object({
  schema: z.literal(COMPARISON_SCHEMA),
  reference: sideSchema,
  /** Columns of the matrix. */
  candidates: z.array(sideSchema).min(1),
  /** Features by name; each has one cell for each candidate. Cases without a feature stand under `(none)`. */
  matrix: z.array(z.object({ feature: z.string(), cells: z.array(cellSchema) })),
  /** The largest first. */
  groups: z.array(groupSchema),
  /** Cases that could not be compared, with the reason. */
  uncompared: z.array(z.object({ id: z.string(), candidate: z.number().int(), reason: z.string() })),
})

export type Standing = z.infer<typeof standingSchema>
export type Side = z.infer<typeof sideSchema>
export type Cell = z.infer<typeof cellSchema>
export type Group = z.infer<typeof groupSchema>
export type Comparison = z.infer<typeof comparisonSchema>
