/** From a model's name to its file and to what a plan must know of it. Reads headers only, once per name. */

import type { Catalogue } from '../models/catalogue.js'
import { openCheckpoint } from '../models/checkpoint.js'
import { detectModel } from '../models/detect.js'
import { sha256File } from '../models/hash.js'
import { fileIdentity } from '../models/identity.js'
import { openVae } from '../models/vae-file.js'
import type { PlanModel } from '../plan/make-plan.js'

export interface ResolvedModel extends PlanModel {
  file: string
  inpainting: boolean
  /** Known of models of the catalogue. */
  sha256?: string
  /** Path of the VAE, where it is not the checkpoint's own. */
  vaeFile?: string
}

/** A model that is given by its path instead of by the catalogue. */
export interface ModelFile {
  file: string
  /** @default what the checkpoint's family is called by the Horde */
  baseline?: string
  /** A VAE that replaces the checkpoint's own, or that it lacks. */
  vae?: string
  /** Names of empty tensors to be added before the checkpoint is read: they change the prediction type. */
  extraKeys?: readonly string[]
}

/** @throws UnknownModelError, ModelFileError */
export type ModelResolver = (name: string) => Promise<ResolvedModel>

/** A resolver that remembers what it found, as long as the file is the same. */
export function modelResolver(
  catalogue: Catalogue,
  files: Readonly<Record<string, ModelFile>>,
  /** A VAE that replaces those of all models. */
  vae?: string,
): ModelResolver {
  const found = new Map<string, { identity: string; model: Promise<ResolvedModel> }>()

  async function resolve(name: string): Promise<ResolvedModel> {
    const own = files[name]
    const entry = own ?? catalogue.find(name)
    const checkpoint = await openCheckpoint(entry.file)
    const vaeFile = vae ?? entry.vae
    const facts = await detectModel(checkpoint, {
      extraKeys: own?.extraKeys ?? [],
      ...(vaeFile === undefined ? {} : { vae: await openVae(vaeFile) }),
    })
    return {
      name,
      file: entry.file,
      ...(vaeFile === undefined ? {} : { vaeFile, vae: await sha256File(vaeFile) }),
      facts,
      baseline: entry.baseline ?? BASELINES[facts.family],
      inpainting: facts.unet.inChannels === 9,
      ...('sha256' in entry ? { sha256: entry.sha256 } : {}),
    }
  }

  return async name => {
    const identity = await fileIdentity((files[name] ?? catalogue.find(name)).file)
    const known = found.get(name)
    if (known?.identity === identity) return known.model
    const model = resolve(name)
    found.set(name, { identity, model })
    model.catch(() => found.delete(name))
    return model
  }
}

const BASELINES = {
  sd1: 'stable_diffusion_1',
  sd2: 'stable_diffusion_2_768',
  sdxl: 'stable_diffusion_xl',
  'sdxl-refiner': 'stable_diffusion_xl',
} as const
