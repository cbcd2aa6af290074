/** What the Horde pays a worker for a job, and what it takes from its user. */
import { type KudosModel, kudosSeconds } from './model.js'
import type { KudosPayload } from './payload.js'
import { roundToCents } from './python-round.js'

export interface Price {
  /** Reward of a worker with the latest official bridge, for one picture. */
  kudos: number
  /** What the job is worth before its model counts. */
  base: number
  /** `legacy` where the model cannot look at the payload; `reason` says why. */
  by: 'model' | 'legacy'
  reason?: string
  /** Seconds that the model expects. */
  seconds?: number
  /** For LoRAs and textual inversions. */
  surcharge: number
  /** Of the family of the checkpoint. */
  multiplier: number
}

/** Kudos of the basis payload, and what `calculate_kudos` adds to them by default (`basis_adjustment`). */
const BASIS = 10 + 1

/**
 * Price of one picture, as `calculate_kudos` and `get_gen_kudos` of the server make it.
 *
 * @param baseline of the checkpoint, as the Horde's model reference spells it
 */
export function priceOf(payload: KudosPayload, { model, baseline }: { model: KudosModel; baseline: string }): Price {
  const seconds = kudosSeconds(model, payload)
  const priced = typeof seconds === 'number'
  const computed = priced ? roundToCents((seconds / model.basisSeconds) * BASIS) : legacyKudos(payload)
  const surcharge = 3 * payload.loras + (payload.tis > 0 ? 1 : 0)
  const multiplier = familyMultiplier(baseline, payload)
  const base = computed + surcharge
  return {
    kudos: base * multiplier,
    base,
    by: priced ? 'model' : 'legacy',
    ...(priced ? { seconds } : { reason: seconds.reason }),
    surcharge,
    multiplier,
  }
}

/** The formula from before the model, which the server falls back on; steps count as asked for. */
export function legacyKudos({
  width,
  height,
  steps,
  postProcessing,
  controlType,
  returnControlMap,
}: KudosPayload): number {
  const area = (width * height - 64 * 64) ** 1.75 / (1024 * 1024 - 64 * 64) ** 1.75
  let kudos = roundToCents(0.1232 * steps + area * (0.1232 * steps * 8.75))
  for (const _ of postProcessing) kudos = roundToCents(kudos * 1.2)
  if (controlType !== undefined && !returnControlMap) kudos = roundToCents(kudos * 3)
  return kudos
}

/** `get_gen_kudos`; the new names of baselines are the old ones' equals. */
function familyMultiplier(
  baseline: string,
  { hiresFix, workflow }: Pick<KudosPayload, 'hiresFix' | 'workflow'>,
): number {
  switch (baseline.replaceAll(' ', '_')) {
    case 'stable_diffusion_xl':
      return workflow === 'qr_code' ? 4 : 2
    case 'stable_cascade':
      return hiresFix ? 7 : 4
    case 'flux_1':
    case 'z_image_turbo':
      return 8
    case 'qwen_image':
      return 12
    default:
      return 1
  }
}

/** Share of the reward that a worker's program gets (`get_bridge_kudos_multiplier`). */
export const BRIDGES = { latest: 1, older: 0.9, other: 0.75 } as const

export type Bridge = keyof typeof BRIDGES

/** By how much each post-processor raises what the user pays (`KNOWN_POST_PROCESSORS`); others do not. */
const UPSCALERS = /^(?:RealESRGAN_|NMKD_|4x|2x)/u

export interface RequestTerms {
  /** The user takes slow workers, too. @default true */
  slowWorkers?: boolean
  /** The user's list of workers is one of those he does not want. @default false */
  workerBlacklist?: boolean
}

/**
 * What a request costs its user, as a dry run answers it (`calculate_extra_kudos_burn`, `extrapolate_dry_run_kudos`); the
 * family of the first model counts.
 */
export function requestCost(
  payload: KudosPayload,
  { price, baseline, slowWorkers = true, workerBlacklist = false }: RequestTerms & { price: Price; baseline: string },
): number {
  let kudos = price.base
  if (payload.sourceImage) kudos *= 1.3
  for (const name of payload.postProcessing) if (UPSCALERS.test(name)) kudos *= 1.05
  kudos += 1
  if (!slowWorkers) kudos *= 1.2
  if (workerBlacklist) kudos *= 1.1
  // Workflows and second passes do not count here, unlike in what workers get.
  return kudos * payload.images * familyMultiplier(baseline, { hiresFix: false }) + 1
}
