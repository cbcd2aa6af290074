/** Gate: did denoising go the same way? The latent after the first predictions, a quarter, half of the way, and the last one. */
import { z } from 'zod'
import type { GateResult } from '../run-schema.js'
import { describeGrowth, type Growth } from './growth.js'
import type { Kinship, StageLimits } from './limits.js'
import { type StageGateInput, stageGate } from './stages.js'

const STEP = /^(?:pass\d+\.)?step(\d+)\.denoised$/u
const LAST = /^(latent|first_pass)$/u

/** Samplers that draw noise at every step: what is small becomes large. */
const STOCHASTIC = /ancestral|sde|lcm|ddpm/u

/** Steps up to which a stochastic sampler is chaos where the arithmetic differs. */
const FEW_STEPS = 10

const planSchema = z.object({ passes: z.array(z.object({ sampler: z.string(), steps: z.number() })).min(1) })

interface LatentsInput extends StageGateInput {
  limits: Pick<StageLimits, 'first' | 'last'>
  kinship: Kinship
  plan?: unknown
  growth: Growth
}

export function latentsGate({ limits, kinship, plan, growth, ours, golden }: LatentsInput): GateResult {
  const parsed = planSchema.safeParse(plan)
  const passes = parsed.success ? parsed.data.passes : []
  const steps = Math.max(1, ...passes.map(pass => pass.steps))
  const gate = stageGate({
    gate: 'latents',
    about: 'latents',
    ours,
    golden,
    limitOf: stage => {
      if (LAST.test(stage)) return limits.last
      const [match, step] = STEP.exec(stage) ?? []
      // Distances grow from step to step: so does what is allowed, by the same factor each.
      if (match === undefined) return undefined
      return limits.first * (limits.last / limits.first) ** Math.min(1, Number(step) / steps)
    },
    adviceOf: stage => {
      const how = describeGrowth(growth)
      const where =
        stage === 'step0.denoised'
          ? 'look at the UNet, its LoRAs, ControlNet and guidance'
          : 'look at the sampler, and for drift at the precision'
      return how === undefined ? where : `${how}: ${where}`
    },
  })
  const apart = kinship === 'device' || kinship === 'other'
  const chaotic = passes.some(pass => STOCHASTIC.test(pass.sampler) && pass.steps <= FEW_STEPS)
  if (gate.verdict === 'fail' && apart && chaotic) {
    const reason = `not judged: few steps of a stochastic sampler are chaos on other devices (${gate.reason})`
    return { ...gate, verdict: 'unmeasured', reason }
  }
  return gate
}
