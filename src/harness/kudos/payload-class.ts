/** Which jobs cost about the same. */
import { z } from 'zod'
import type { KudosPayload } from './payload.js'

const planFacts = z.object({ model: z.object({ baseline: z.string() }) })

/** Of a plan; a case without one is taken for the family that costs least. */
export function baselineOf(plan: unknown): string {
  const parsed = planFacts.safeParse(plan)
  return parsed.success ? parsed.data.model.baseline : 'stable_diffusion_1'
}

/** Sides of the usual squares, in pixels. */
const SIDES = [64, 128, 192, 256, 384, 512, 640, 768, 1024, 1280, 1536, 2048, 3072]

/** Jobs of one class cost about the same: family, kind, and the smallest usual square that holds as many pixels. */
export function payloadClass(payload: KudosPayload, baseline: string): string {
  const side = SIDES.find(each => each ** 2 >= payload.width * payload.height) ?? 'larger'
  const kind =
    payload.controlType !== undefined && payload.controlType !== 'None' ? 'control' : payload.sourceProcessing
  return [baseline, payload.hiresFix ? `${kind}, hires fix` : kind, String(side)].join(' · ')
}
