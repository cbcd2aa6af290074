/** Options of every command that draws. */
import { basename } from 'node:path'
import type { EngineOptions } from '../engine/create-engine.js'
import { isDeviceChoice, isPrecision } from '../engine/devices/choose.js'
import { UsageError } from '../errors.js'
import { loadCatalogue } from '../models/catalogue.js'
import { sha256File } from '../models/hash.js'
import { integer } from './command.js'

export const ENGINE_ARGS = {
  catalogue: { type: 'string', valueHint: 'FILE', description: 'Catalogue of models [default: the embedded one]' },
  models: { type: 'string', valueHint: 'DIR', description: "Folder in which the catalogue's files are looked up" },
  device: { type: 'string', description: 'auto, cpu, webgpu, cuda or cuda:N [default: auto]' },
  dtype: { type: 'string', description: 'fp32 or fp16 [default: fp16 on CUDA, fp32 elsewhere]' },
  threads: { type: 'string', description: 'Threads of ONNX Runtime [default: one a core]' },
} as const

export interface EngineArgs {
  catalogue?: string | undefined
  models?: string | undefined
  device?: string | undefined
  dtype?: string | undefined
  threads?: string | undefined
}

export function engineOptions({ catalogue, models, device, dtype, threads }: EngineArgs): EngineOptions {
  const count = integer('threads', threads, { min: 1, max: 1024 })
  if (device !== undefined && !isDeviceChoice(device)) {
    throw new UsageError(`--device must be auto, cpu, webgpu, cuda or cuda:NUMBER, got "${device}"`)
  }
  if (dtype !== undefined && !isPrecision(dtype)) throw new UsageError(`--dtype must be fp32 or fp16, got "${dtype}"`)
  return {
    ...(device === undefined ? {} : { device }),
    ...(dtype === undefined ? {} : { dtype }),
    ...(catalogue === undefined ? {} : { catalogue }),
    ...(models === undefined ? {} : { modelFolders: [models] }),
    ...(count === undefined ? {} : { threads: count }),
  }
}

/** Says of a model what a run records: the file's name, never its folder, and the hash of its content. */
export function modelRecorder({
  catalogue,
  models,
}: EngineArgs): (name: string) => Promise<{ file: string; sha256: string }> {
  const loaded = loadCatalogue(catalogue, { folders: models === undefined ? [] : [models] })
  return async name => {
    const { file } = (await loaded).find(name)
    return { file: basename(file), sha256: await sha256File(file) }
  }
}
