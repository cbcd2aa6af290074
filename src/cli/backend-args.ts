/** `--backend engine | recorded:DIR | …` of every command that draws with any backend. */

import type { Backend } from '../backends/backend.js'
import { engineBackend } from '../backends/engine-backend.js'
import { createEngine } from '../engine/create-engine.js'
import { UsageError } from '../errors.js'
import { recordedBackend } from '../harness/recorded-backend.js'
import { type EngineArgs, engineOptions } from './engine-args.js'

const KINDS = ['engine', 'recorded:DIR'] as const

export const BACKEND_ARG = {
  type: 'string',
  valueHint: 'BACKEND',
  description: `Who draws: ${KINDS.join(', ')} [default: engine]`,
} as const

/**
 * Opens the backend that a text names.
 *
 * @throws UsageError where there is no such backend, or its place is missing
 */
export async function openBackend(spec: string | undefined, args: EngineArgs): Promise<Backend> {
  const [kind = 'engine', ...rest] = (spec ?? 'engine').split(':')
  const place = rest.join(':')
  switch (kind) {
    case 'engine':
      return engineBackend(await createEngine(engineOptions(args)))
    case 'recorded':
      return recordedBackend(required(spec, place))
    default:
      throw new UsageError(`there is no backend "${spec}"`, { hint: `backends: ${KINDS.join(', ')}` })
  }
}

function required(spec: string | undefined, place: string): string {
  if (place !== '') return place
  throw new UsageError(`the backend "${spec}" needs a place behind the colon`, {
    hint: `backends: ${KINDS.join(', ')}`,
  })
}
