/** Options of every command that draws. */
import type { EngineOptions } from '../engine/create-engine.js'
import { integer } from './command.js'

export const ENGINE_ARGS = {
  catalogue: { type: 'string', valueHint: 'FILE', description: 'Catalogue of models [default: the embedded one]' },
  threads: { type: 'string', description: 'Threads of ONNX Runtime [default: one a core]' },
} as const

export function engineOptions(args: { catalogue?: string | undefined; threads?: string | undefined }): EngineOptions {
  const threads = integer('threads', args.threads, { min: 1, max: 1024 })
  return {
    ...(args.catalogue === undefined ? {} : { catalogue: args.catalogue }),
    ...(threads === undefined ? {} : { threads }),
  }
}
