import { describe, expect, it } from 'vitest'
import { linspace } from '../linspace.js'
import { modelSampling } from '../model-sampling.js'
import { SAMPLER_NAMES, type SamplerName } from '../names.js'
import { stepNoise, torchCpuNoise } from '../noise/index.js'
import { scheduleSigmas } from '../schedules/index.js'
import type { DenoiseRequest, Latent, NoiseSampler, StepShown } from '../types.js'
import { createSampler } from './index.js'

const MODEL = modelSampling({ prediction: 'eps', zeroTerminalSnr: false })
const STOCHASTIC: readonly SamplerName[] = [
  'euler_ancestral',
  'dpm_2_ancestral',
  'dpmpp_2s_ancestral',
  'dpmpp_sde',
  'dpmpp_2m_sde',
  'dpmpp_3m_sde',
  'ddpm',
  'lcm',
  'er_sde',
]
const DETERMINISTIC = SAMPLER_NAMES.filter(name => !STOCHASTIC.includes(name))

interface RunInput {
  name: SamplerName
  x: Latent
  sigmas: Float32Array
  denoise: (x: Latent, sigma: number) => Latent
  noise?: NoiseSampler
  onRequest?: (request: DenoiseRequest) => void
  onStep?: (step: number, shown: StepShown) => void
}

function run({ name, x, sigmas, denoise, noise, onRequest, onStep }: RunInput): Latent {
  const { sigmaMin, sigmaMax } = MODEL
  const sampler = createSampler(name, {
    x,
    sigmas,
    sigmaMin,
    sigmaMax,
    noise: noise ?? stepNoise({ sampler: name, kind: 'cpu', seed: 5n, shape: [x.length], sigmas }),
    ...(onStep ? { onStep } : {}),
  })
  let state = sampler.next()
  while (!state.done) {
    onRequest?.(state.value)
    state = sampler.next(denoise(state.value.x, state.value.sigma))
  }
  return state.value
}

function karras(name: SamplerName, steps: number): Float32Array {
  return scheduleSigmas({ scheduler: 'karras', sampler: name, steps, denoise: 1, model: MODEL })
}

/** Pictures whose every number is normal with this mean and deviation have a denoiser and a solution in closed form. */
const MEAN = 0.7
const DEVIATION = 0.4
const gaussian = (x: Latent, sigma: number): Latent => {
  const [data, noise] = [DEVIATION ** 2, sigma ** 2]
  return x.map(v => (data * v + noise * MEAN) / (data + noise))
}
const solution = (x: number, from: number, to: number): number =>
  MEAN + (x - MEAN) * Math.sqrt((DEVIATION ** 2 + to ** 2) / (DEVIATION ** 2 + from ** 2))

function moments(values: Latent): { mean: number; deviation: number } {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length
  return { mean, deviation: Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length) }
}

describe.each(SAMPLER_NAMES)('%s', name => {
  const sigmas = karras(name, 10)
  const start = () => torchCpuNoise(1n, [32]).map(v => v * (sigmas[0] ?? 0))

  it('ends on the only picture there is', () => {
    const picture = Float32Array.from({ length: 32 }, (_, i) => Math.sin(i))
    const result = run({ name, x: start(), sigmas, denoise: () => picture })
    // dpm_fast and dpm_adaptive stop at the last sigma above 0, and keep its noise; uni_pc stops at 0.001.
    const left = name.startsWith('dpm_fast') || name.startsWith('dpm_adaptive') ? (sigmas.at(-2) ?? 0) : 0.001
    for (const [i, value] of result.entries()) expect(Math.abs(value - (picture[i] ?? NaN))).toBeLessThan(4 * left)
  })

  it('never writes to what it has handed over', () => {
    const handed: { x: Latent; copy: Latent }[] = []
    const denoise = (x: Latent, sigma: number): Latent => {
      const answer = gaussian(x, sigma)
      handed.push({ x: answer, copy: answer.slice() })
      return answer
    }
    run({ name, x: start(), sigmas, denoise, onRequest: ({ x }) => handed.push({ x, copy: x.slice() }) })
    for (const { x, copy } of handed) expect(x).toEqual(copy)
  })

  it('marks the request that begins a step, and shows each step once', () => {
    const marked: number[] = []
    const shown: number[] = []
    const onRequest = ({ step }: DenoiseRequest) => step !== undefined && marked.push(step)
    run({ name, x: start(), sigmas, denoise: gaussian, onRequest, onStep: step => shown.push(step) })
    expect(marked).toEqual(marked.map((_, i) => i))
    expect(shown).toEqual(marked)
  })

  it('treats the numbers of a latent alike, wherever they stand', () => {
    const latent = start()
    const noise = () => new Float32Array(32)
    const forwards = run({ name, x: latent.slice(), sigmas, denoise: gaussian, noise })
    const backwards = run({ name, x: latent.slice().reverse(), sigmas, denoise: gaussian, noise })
    expect(moments(forwards.map((v, i) => v - (backwards.at(-1 - i) ?? NaN))).deviation).toBeLessThan(1e-6)
  })
})

describe.each(DETERMINISTIC)('%s', name => {
  const sigmas = karras(name, 40)
  const [top = 0] = sigmas

  it('follows the probability flow', () => {
    const start = torchCpuNoise(2n, [32]).map(v => v * top)
    const result = run({ name, x: start.slice(), sigmas, denoise: gaussian })
    for (const [i, value] of result.entries())
      expect(Math.abs(value - solution(start[i] ?? NaN, top, 0))).toBeLessThan(0.1)
  })
})

describe('the order of convergence', () => {
  // Evenly spaced sigmas far from 0, where nothing but the method's own error is left.
  const error = (name: SamplerName, steps: number): number => {
    const sigmas = linspace(3, 0.75, steps + 1)
    const [result = NaN] = run({ name, x: Float32Array.of(3.1), sigmas, denoise: gaussian })
    return Math.abs(result - solution(3.1, 3, 0.75))
  }

  it.each([
    { name: 'euler', order: 1 },
    { name: 'ddim', order: 1 },
    { name: 'gradient_estimation', order: 1 },
    { name: 'heun', order: 2 },
    { name: 'dpm_2', order: 2 },
    { name: 'lms', order: 2 },
    { name: 'ipndm', order: 2 },
    { name: 'deis', order: 2 },
    { name: 'res_multistep', order: 2 },
    { name: 'dpmpp_2m', order: 2 },
    { name: 'uni_pc', order: 2 },
    { name: 'uni_pc_bh2', order: 2 },
  ] as const)('of $name is $order', ({ name, order }) => {
    const [coarse, fine] = [error(name, 24), error(name, 48)]
    expect(Math.log2(coarse / fine)).toBeGreaterThan(order - 0.4)
    expect(fine).toBeLessThan(order === 1 ? 0.05 : 0.001)
  })

  it('of dpm_fast is 3 where all its steps are', () => {
    // 3·m + 1 requests are m steps of order 3 and one of order 1.
    const flow = (requests: number): number => {
      const sigmas = linspace(3, 0.75, requests + 1)
      const [result = NaN] = run({ name: 'dpm_fast', x: Float32Array.of(3.1), sigmas, denoise: gaussian })
      return Math.abs(result - solution(3.1, 3, 0.75))
    }
    expect(flow(11)).toBeLessThan(0.002)
    expect(flow(23)).toBeLessThan(flow(11) / 4)
  })
})

describe.each(STOCHASTIC.filter(name => name !== 'lcm'))('%s', name => {
  it('draws from the distribution of the pictures', () => {
    const sigmas = karras(name, 40)
    const start = torchCpuNoise(3n, [4096]).map(v => v * Math.hypot(sigmas[0] ?? 0, DEVIATION))
    const { mean, deviation } = moments(run({ name, x: start, sigmas, denoise: gaussian }))
    expect(mean).toBeCloseTo(MEAN, 1)
    expect(deviation / DEVIATION).toBeGreaterThan(0.9)
    expect(deviation / DEVIATION).toBeLessThan(1.1)
  })
})

describe('draws of noise', () => {
  // As k-diffusion draws them: a step to 0 adds none, dpmpp_sde adds some halfway, too.
  it.each([
    { name: 'euler_ancestral', draws: 9 },
    { name: 'dpm_2_ancestral', draws: 9 },
    { name: 'dpmpp_2s_ancestral', draws: 9 },
    { name: 'dpmpp_sde', draws: 18 },
    { name: 'dpmpp_2m_sde', draws: 9 },
    { name: 'dpmpp_3m_sde', draws: 9 },
    { name: 'ddpm', draws: 9 },
    { name: 'lcm', draws: 9 },
    { name: 'er_sde', draws: 9 },
  ] as const)('of $name are $draws in 10 steps, each between the sigmas of its step', ({ name, draws }) => {
    const sigmas = karras(name, 10)
    const asked: [number, number][] = []
    const noise = (sigma: number, next: number) => {
      asked.push([sigma, next])
      return Float32Array.of(0.1)
    }
    run({ name, x: Float32Array.of(10), sigmas, denoise: gaussian, noise })
    expect(asked).toHaveLength(draws)
    for (const [sigma, next] of asked) {
      expect([...sigmas]).toContain(sigma)
      expect(next).toBeLessThan(sigma)
      expect(next).toBeGreaterThan(0)
    }
  })

  it('of lcm are added whole to the prediction', () => {
    const sigmas = Float32Array.of(4, 2, 1, 0)
    const seen: number[] = []
    const onRequest = ({ x }: DenoiseRequest) => seen.push(x[0] ?? NaN)
    const noise = () => Float32Array.of(0.5)
    const [result] = run({
      name: 'lcm',
      x: Float32Array.of(8),
      sigmas,
      denoise: x => x.map(v => v / 4),
      noise,
      onRequest,
    })
    expect(seen).toEqual([8, 8 / 4 + 2 * 0.5, 3 / 4 + 1 * 0.5])
    expect(result).toBe(1.25 / 4)
  })
})

describe('dpm_adaptive', () => {
  it('asks for more steps the sharper the flow bends', () => {
    const requests = (deviation: number): number => {
      let count = 0
      const denoise = (x: Latent, sigma: number): Latent => {
        count += 1
        return x.map(v => (deviation ** 2 * v) / (deviation ** 2 + sigma ** 2))
      }
      run({ name: 'dpm_adaptive', x: Float32Array.of(14), sigmas: karras('dpm_adaptive', 10), denoise })
      return count
    }
    expect(requests(0.2)).toBeGreaterThan(requests(100))
  })
})

describe('steps as ComfyUI’s callback shows them', () => {
  const sigmas = karras('euler', 4)
  const shownBy = (name: SamplerName) => {
    const shown: Latent[] = []
    const requested: Latent[] = []
    run({
      name,
      x: Float32Array.of(12),
      sigmas,
      denoise: gaussian,
      onRequest: ({ x, step }) => step !== undefined && requested.push(x),
      onStep: (_, { x }) => shown.push(x),
    })
    return { shown, requested }
  }

  it('are the requests of most samplers', () => {
    for (const name of ['euler', 'heun', 'lms', 'dpmpp_sde'] as const) {
      const { shown, requested } = shownBy(name)
      expect(shown).toEqual(requested)
    }
  })

  it('are the first latent over and over for ipndm and deis', () => {
    for (const name of ['ipndm', 'deis'] as const) for (const x of shownBy(name).shown) expect([...x]).toEqual([12])
  })

  it('are at unit variance for uni_pc', () => {
    const [first] = shownBy('uni_pc').shown
    expect(first?.[0]).toBeCloseTo(12 / Math.hypot(1, sigmas[0] ?? NaN), 5)
  })

  it('are what a step led to for dpm_adaptive', () => {
    const { shown, requested } = shownBy('dpm_adaptive')
    expect(shown[0]).toEqual(requested[1])
  })
})
