/** Samplers by their names. */
import type { SamplerName } from '../names.js'
import type { Sampler, SamplerInput } from '../types.js'
import { dpmAdaptive } from './dpm-solver/dpm-adaptive.js'
import { dpmFast } from './dpm-solver/dpm-fast.js'
import { deis } from './multistep/deis.js'
import { dpmpp2m } from './multistep/dpmpp-2m.js'
import { gradientEstimation } from './multistep/gradient-estimation.js'
import { ipndm } from './multistep/ipndm.js'
import { lms } from './multistep/lms.js'
import { resMultistep } from './multistep/res-multistep.js'
import { uniPcBh1, uniPcBh2 } from './multistep/uni-pc.js'
import { dpm2 } from './ode/dpm-2.js'
import { euler } from './ode/euler.js'
import { heun } from './ode/heun.js'
import { heunpp2 } from './ode/heunpp2.js'
import { ddpm } from './stochastic/ddpm.js'
import { dpm2Ancestral } from './stochastic/dpm-2-ancestral.js'
import { dpmpp2mSde } from './stochastic/dpmpp-2m-sde.js'
import { dpmpp2sAncestral } from './stochastic/dpmpp-2s-ancestral.js'
import { dpmpp3mSde } from './stochastic/dpmpp-3m-sde.js'
import { dpmppSde } from './stochastic/dpmpp-sde.js'
import { erSde } from './stochastic/er-sde.js'
import { eulerAncestral } from './stochastic/euler-ancestral.js'
import { lcm } from './stochastic/lcm.js'

const SAMPLERS: Readonly<Record<SamplerName, (input: SamplerInput) => Sampler>> = {
  euler,
  euler_ancestral: eulerAncestral,
  heun,
  heunpp2,
  dpm_2: dpm2,
  dpm_2_ancestral: dpm2Ancestral,
  lms,
  dpm_fast: dpmFast,
  dpm_adaptive: dpmAdaptive,
  dpmpp_2s_ancestral: dpmpp2sAncestral,
  dpmpp_sde: dpmppSde,
  dpmpp_2m: dpmpp2m,
  dpmpp_2m_sde: dpmpp2mSde,
  dpmpp_3m_sde: dpmpp3mSde,
  ddpm,
  lcm,
  ipndm,
  deis,
  res_multistep: resMultistep,
  er_sde: erSde,
  gradient_estimation: gradientEstimation,
  ddim: euler,
  uni_pc: uniPcBh1,
  uni_pc_bh2: uniPcBh2,
}

/** These show ComfyUI's callback something else than the request that begins a step, and say so themselves. */
const SHOWS_ITSELF: ReadonlySet<SamplerName> = new Set(['dpm_adaptive', 'ipndm', 'deis', 'uni_pc', 'uni_pc_bh2'])

/** A sampler, ready to be asked for its first request. */
export function createSampler(name: SamplerName, input: SamplerInput): Sampler {
  const sampler = SAMPLERS[name](input)
  const { onStep } = input
  return onStep && !SHOWS_ITSELF.has(name) ? shown(sampler, onStep) : sampler
}

function* shown(sampler: Sampler, onStep: NonNullable<SamplerInput['onStep']>): Sampler {
  let state = sampler.next()
  while (!state.done) {
    const { x, step } = state.value
    const denoised = yield state.value
    if (step !== undefined) onStep(step, { x, denoised })
    state = sampler.next(denoised)
  }
  return state.value
}
