/** Options of every command that draws. */
import { statSync } from 'node:fs'
import { basename } from 'node:path'
import type { EngineOptions } from '../engine/create-engine.js'
import { isDeviceChoice, isPrecision } from '../engine/devices/choose.js'
import { UsageError } from '../errors.js'
import { EMBEDDED_ADAPTERS, loadCatalogue } from '../models/catalogue.js'
import { sha256File } from '../models/hash.js'
import { integer } from './command.js'

export const ENGINE_ARGS = {
  catalogue: { type: 'string', valueHint: 'FILE', description: 'Catalogue of models [default: the embedded one]' },
  models: { type: 'string', valueHint: 'DIR', description: "Folder in which the catalogue's files are looked up" },
  device: { type: 'string', description: 'auto, cpu, webgpu, cuda or cuda:N [default: auto]' },
  dtype: { type: 'string', description: 'fp32 or fp16 [default: fp16 on CUDA, fp32 elsewhere]' },
  adapters: {
    type: 'string',
    valueHint: 'DIR,…',
    description:
      'Folders of LoRAs, textual inversions and ControlNets, found by the name of their file [default: those of the embedded model]',
  },
  vae: { type: 'string', valueHint: 'FILE', description: "VAE that replaces the model's own" },
  threads: { type: 'string', description: 'Threads of ONNX Runtime, divided among the lanes [default: one a core]' },
  lanes: { type: 'string', description: 'Processes that compute [default: 1]' },
  'in-flight': { type: 'string', description: 'Jobs that a lane computes at once [default: 8]' },
  'ram-to-leave-free': {
    type: 'string',
    valueHint: 'AMOUNT',
    description: 'Memory left to other programs: "20%", "2048 MB" [default: 10%]',
  },
  'vram-to-leave-free': { type: 'string', valueHint: 'AMOUNT', description: "The same of the device's own memory" },
} as const

export interface EngineArgs {
  catalogue?: string | undefined
  models?: string | undefined
  device?: string | undefined
  dtype?: string | undefined
  adapters?: string | undefined
  vae?: string | undefined
  threads?: string | undefined
  lanes?: string | undefined
  'in-flight'?: string | undefined
  'ram-to-leave-free'?: string | undefined
  'vram-to-leave-free'?: string | undefined
}

/**
 * `a,b` as its folders; without the option the pocket model's own, where the embedded catalogue is used.
 *
 * @throws UsageError where one is not there
 */
export function adapterFolders({ adapters, catalogue }: EngineArgs): string[] {
  if (adapters === undefined) return catalogue === undefined ? [EMBEDDED_ADAPTERS] : []
  const folders = adapters.split(',').flatMap(folder => folder.trim() || [])
  const missing = folders.find(folder => !statSync(folder, { throwIfNoEntry: false })?.isDirectory())
  if (missing === undefined) return folders
  throw new UsageError(`--adapters: there is no folder ${missing}`, { hint: 'several folders are separated by commas' })
}

export function engineOptions(args: EngineArgs): EngineOptions {
  const { catalogue, models, device, dtype, vae } = args
  const threads = integer('threads', args.threads, { min: 1, max: 1024 })
  const lanes = integer('lanes', args.lanes, { min: 1, max: 64 })
  const inFlight = integer('in-flight', args['in-flight'], { min: 1, max: 1000 })
  const { 'ram-to-leave-free': ramToLeaveFree, 'vram-to-leave-free': vramToLeaveFree } = args
  if (device !== undefined && !isDeviceChoice(device)) {
    throw new UsageError(`--device must be auto, cpu, webgpu, cuda or cuda:NUMBER, got "${device}"`)
  }
  if (dtype !== undefined && !isPrecision(dtype)) throw new UsageError(`--dtype must be fp32 or fp16, got "${dtype}"`)
  return {
    ...(device === undefined ? {} : { device }),
    ...(dtype === undefined ? {} : { dtype }),
    ...(catalogue === undefined ? {} : { catalogue }),
    ...(models === undefined ? {} : { modelFolders: [models] }),
    ...(threads === undefined ? {} : { threads }),
    ...(lanes === undefined ? {} : { lanes }),
    ...(inFlight === undefined ? {} : { inFlight }),
    ...(ramToLeaveFree === undefined ? {} : { ramToLeaveFree }),
    ...(vramToLeaveFree === undefined ? {} : { vramToLeaveFree }),
    adapterFolders: adapterFolders(args),
    ...(vae === undefined ? {} : { vae }),
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
