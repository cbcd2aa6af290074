/** A predictor on disk: JSON that can be read by eye, and the same as ONNX. */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { FixtureError } from '../../../errors.js'
import type { Job } from '../../../payload/job.js'
import { COST_FEATURES, costFeatures } from './cost-features.js'
import { predict } from './fit.js'

export const PREDICTOR_SCHEMA = 'horde-onnx/kudos-predictor@1'

export const accuracySchema = z.object({
  /** Mean of 100·(1 − |a − p| / max(a, p)) over payloads that were not trained on, of each the fastest run. */
  heldOut: z.number(),
  /** The like over every one of their runs. */
  everyRun: z.number(),
  /** Of the payloads that were. */
  trained: z.number(),
  /**
   * The like of half of a payload's runs, the fastest of them, as the prediction of the other half: what is much better has learnt
   * noise. Null where nothing was drawn twice.
   */
  ceiling: z.number().nullable(),
  /** The like of a count of the UNet's multiply-adds, times the factor that suits the trained payloads best. */
  floor: z.number(),
  samples: z.object({ trained: z.number().int(), heldOut: z.number().int() }),
  /** Held-out payloads by class, the worst first. */
  classes: z.array(z.object({ class: z.string(), samples: z.number().int(), accuracy: z.number() })),
  /** Held-out payloads that were predicted worst. */
  worst: z.array(z.object({ id: z.string(), seconds: z.number(), predicted: z.number(), accuracy: z.number() })),
})

export const predictorSchema = z.object({
  schema: z.literal(PREDICTOR_SCHEMA),
  /** Where the times were taken: a predictor is of one machine and backend. */
  backend: z.string(),
  version: z.string(),
  class: z.string(),
  device: z.string(),
  seed: z.number().int(),
  /** Seconds a unit of each count, in the order of the ONNX model's input. */
  factors: z.array(z.object({ feature: z.enum(COST_FEATURES), seconds: z.number().nonnegative() })),
  /** Seconds of the Horde's basis payload: what earns eleven kudos. */
  basisSeconds: z.number().positive(),
  accuracy: accuracySchema,
})

export type Predictor = z.infer<typeof predictorSchema>
export type PredictorAccuracy = z.infer<typeof accuracySchema>

/** Seconds that a job is expected to take, without loading its model. */
export function predictSeconds({ factors }: Pick<Predictor, 'factors'>, job: Job): number {
  const features = costFeatures(job)
  return predict(
    factors.map(({ seconds }) => seconds),
    factors.map(({ feature }) => features[COST_FEATURES.indexOf(feature)] ?? 0),
  )
}

/** The Horde's scale on this machine's times: 50 steps of 512×512 earn eleven. */
export function predictKudos(predictor: Predictor, job: Job): number {
  return (11 * predictSeconds(predictor, job)) / predictor.basisSeconds
}

/** @throws FixtureError where the file is no predictor */
export async function readPredictor(file: string): Promise<Predictor> {
  try {
    return predictorSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch (cause) {
    throw new FixtureError(`${file} is no predictor of kudos`, { cause, hint: 'horde-onnx kudos train makes one' })
  }
}
