/** How much renders of one payload differ in an environment class, case by case: beside the class's goldens. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { RunError } from '../../errors.js'
import { environmentSchema } from '../run-schema.js'

export const CALIBRATION_SCHEMA = 'horde-onnx/calibration@1'

/** Case ids hold no `@`. */
export const CALIBRATION_FILE = '@calibration.json'

/** The largest distances that were observed; 0 and 1 where every render was the same. */
export const noiseSchema = z.object({
  /** Renders by the same settings were equal, bit by bit. */
  repeatable: z.boolean(),
  stages: z.object({
    noise: z.number(),
    embeddings: z.number(),
    encoded: z.number(),
    first: z.number(),
    last: z.number(),
  }),
  ssim: z.number(),
  worst_block: z.number(),
  /** Root mean square difference in 8-bit levels. */
  rms: z.number(),
  /** Multiples of what is explained (defects). */
  local: z.number(),
  mean: z.number(),
  motion: z.number(),
})

export const calibrationSchema = z.object({
  schema: z.literal(CALIBRATION_SCHEMA),
  environment: environmentSchema,
  /** ISO 8601. */
  at: z.string(),
  /** What was varied, and how often it was drawn. */
  settings: z.array(z.object({ name: z.string(), renders: z.number().int() })),
  cases: z.record(z.string(), noiseSchema),
})

export type Noise = z.infer<typeof noiseSchema>
export type Calibration = z.infer<typeof calibrationSchema>

/**
 * The calibration of a class.
 *
 * @returns undefined where there is none
 * @throws RunError where it is damaged
 */
export async function readCalibration(goldens: string, environmentClass: string): Promise<Calibration | undefined> {
  const file = join(goldens, environmentClass, CALIBRATION_FILE)
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const damaged = (what: string) =>
    new RunError(`the calibration ${file} is damaged: ${what}`, { hint: 'restore it, or calibrate again' })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw damaged(cause instanceof Error ? cause.message : String(cause))
  }
  const parsed = calibrationSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw damaged(`${issue?.path.join('.')}: ${issue?.message}`)
}
