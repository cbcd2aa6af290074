/** Gate: did the sampler get the same noise and sigmas? Tokens and timesteps are in the plan, which the gate before compares. */
import type { GateResult } from '../run-schema.js'
import { type StageGateInput, stageGate } from './stages.js'

const INPUT = /^(pass\d+\.)?(noise|sigmas)$/u

export function inputsGate({ limit, ...input }: StageGateInput & { limit: number }): GateResult {
  return stageGate({
    ...input,
    gate: 'inputs',
    about: 'noise and sigmas',
    limitOf: stage => (INPUT.test(stage) ? limit : undefined),
    adviceOf: stage =>
      stage.endsWith('noise')
        ? 'look at the seed and at the generator of the noise'
        : 'look at the schedule and at how the denoising strength cuts it',
  })
}
