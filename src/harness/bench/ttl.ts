import type { KudosPayload } from '../kudos/payload.js'

/** Families that the Horde gives three times the time. */
const SLOW = ['flux_1', 'qwen_image', 'z_image_turbo']

/**
 * Seconds until the Horde gives a job to another worker (`set_job_ttl` of its server): two seconds a step of 512×512 and thirty
 * more, twice that with ControlNet, at least 150.
 */
export function jobTtl({ width, height, steps, controlType }: KudosPayload, baseline: string): number {
  let ttl = 30 + steps * 2 * ((width * height) / 512 ** 2)
  if (controlType !== undefined && controlType !== 'None') ttl *= 2
  if (SLOW.includes(baseline)) ttl *= 3
  return Math.max(150, ttl)
}
