/** The Horde's kudos model, read from the file that its server reads. It is not shipped: its licence is another one. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { FixtureError } from '../../errors.js'
import { sha256Hex } from '../canonical.js'
import { FEATURES, kudosFeatures, type Unpriceable } from './features.js'
import { type DenseLayer, forward, layersOf } from './network.js'
import { readNpz } from './npz.js'
import type { KudosPayload } from './payload.js'
import { roundToCents } from './python-round.js'

export interface KudosModel {
  /** Name of the file it was read from. */
  file: string
  sha256: string
  layers: readonly DenseLayer[]
  /** Seconds that the model gives the payload which is worth ten kudos. */
  basisSeconds: number
}

/** "The general idea is for a 50 step 512x512 image to cost 10 Kudos": the server's BASIS_PAYLOAD. */
export const BASIS_PAYLOAD: KudosPayload = {
  width: 512,
  height: 512,
  steps: 50,
  cfgScale: 7.5,
  denoisingStrength: 1,
  controlStrength: 1,
  karras: true,
  hiresFix: false,
  sourceImage: false,
  sourceMask: false,
  sourceProcessing: 'txt2img',
  sampler: 'k_euler',
  controlType: 'None',
  returnControlMap: false,
  postProcessing: [],
  loras: 0,
  tis: 0,
  images: 1,
}

/** @throws FixtureError where the file is missing or holds no kudos model */
export async function readKudosModel(file: string): Promise<KudosModel> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new FixtureError(`cannot read the kudos model ${file}`, {
      cause,
      hint: 'it comes with the source of the AI Horde: horde/classes/stable/kudos-v21-206.npz',
    })
  })
  const layers = layersOf(readNpz(bytes, file), file)
  if (layers[0]?.inputs !== FEATURES) {
    throw new FixtureError(`${file}: the model looks at ${layers[0]?.inputs} features, the Horde's at ${FEATURES}`, {
      hint: 'this is the model of another version of the Horde, or no kudos model',
    })
  }
  const model = { file: basename(file), sha256: sha256Hex(bytes), layers, basisSeconds: 0 }
  const basis = kudosSeconds(model, BASIS_PAYLOAD)
  if (typeof basis !== 'number' || basis <= 0) {
    throw new FixtureError(`${file}: the model gives the basis payload no time`, { hint: 'is the file damaged?' })
  }
  return { ...model, basisSeconds: basis }
}

/** Seconds that the Horde expects a payload to take, to the hundredth. */
export function kudosSeconds({ layers }: Pick<KudosModel, 'layers'>, payload: KudosPayload): number | Unpriceable {
  const features = kudosFeatures(payload)
  return features instanceof Float32Array ? roundToCents(forward(layers, features)) : features
}
