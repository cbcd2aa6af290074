/** Gate: was the UNet told the same? Text embeddings, the encoded source, the mask, the hint of a ControlNet. */
import type { GateResult } from '../run-schema.js'
import type { StageLimits } from './limits.js'
import { type StageGateInput, stageGate } from './stages.js'

const TEXT = /^(un)?cond(_pooled)?$/u
const PICTURE = /^(pass\d+\.)?(encoded|noise_mask|control)$/u

export function conditioningGate({
  limits,
  ...input
}: StageGateInput & { limits: Pick<StageLimits, 'embeddings' | 'encoded'> }): GateResult {
  return stageGate({
    ...input,
    gate: 'conditioning',
    about: 'embeddings and encoded pictures',
    limitOf: stage => (TEXT.test(stage) ? limits.embeddings : PICTURE.test(stage) ? limits.encoded : undefined),
    adviceOf: stage => {
      if (TEXT.test(stage))
        return 'look at the text encoder, prompt weights, clip skip, embeddings, LoRAs on the text encoder'
      if (stage.endsWith('control')) return 'look at the annotator and at how its map is resized'
      return 'look at the VAE encoder and at how source and mask are resized'
    },
  })
}
