import type { Plan } from '../plan/types.js'

/** Whether what was read from a file or a pipe is a plan of ours. */
export function isPlan(value: unknown): value is Plan {
  return typeof value === 'object' && value !== null && 'version' in value && 'passes' in value && 'model' in value
}
