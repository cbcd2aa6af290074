/**
 * What a job's time is made of: counts that a machine turns into seconds, each by a factor of its own. Closed forms of the job, so that
 * a predictor is a list of factors that can be read.
 */
import type { Job } from '../../../payload/job.js'

/** Names of the counts, in their order. */
export const COST_FEATURES = [
  /** 1: what every job costs. */
  'job',
  /** Prompts, in chunks of 75 tokens. */
  'text_chunks',
  /** Megapixels that are decoded. */
  'decoded',
  /** Megapixels that are encoded. */
  'encoded',
  /** Calls of the UNet. */
  'calls',
  /** Calls times all pictures and both sides of the guidance: small ones cost more than their pixels. */
  'rows',
  /** The like times thousands of lines of pixels: short lines cost more than their pixels. */
  'lines',
  /** Calls times megapixels of all pictures and both sides of the guidance. */
  'sampled',
  /** The like times megapixels of one picture: attention looks from everywhere to everywhere. */
  'attended',
  /** Sampled megapixels times chunks of the prompt: attention to the text. */
  'attended_text',
  /** Sampled megapixels that a ControlNet looks at, too. */
  'controlled',
  /** Samplers that draw noise at every step: megapixels of noise. */
  'noise',
  /** Samplers that draw it from a Brownian tree, many times a step: the like. */
  'brownian',
  /** LoRAs that are merged or run beside. */
  'loras',
  /** Sampled megapixels times LoRAs. */
  'adapted',
] as const

/** Samplers that call the model twice a step (SECOND_ORDER_SAMPLERS of the Horde, by ComfyUI's names). */
const TWICE = new Set(['heun', 'dpm_2', 'dpm_2_ancestral', 'dpmpp_2s_ancestral', 'dpmpp_sde', 'heunpp2'])

const NOISY = new Set(['euler_ancestral', 'dpm_2_ancestral', 'dpmpp_2s_ancestral', 'lcm', 'ddpm', 'er_sde'])

const BROWNIAN = new Set(['dpmpp_sde', 'dpmpp_2m_sde', 'dpmpp_3m_sde'])

/** What the Horde takes k_dpm_adaptive for, which chooses its steps itself. */
const ADAPTIVE_CALLS = 40

export function costFeatures(job: Job): number[] {
  const { hires, images, sampler, cfgScale, loras, control, source } = job
  const sides = cfgScale === 1 ? 1 : 2
  const chunks = textChunks(job.prompt) + textChunks(job.negativePrompt)
  const longest = Math.max(textChunks(job.prompt), textChunks(job.negativePrompt))
  const passes =
    hires === undefined
      ? [{ width: job.width, height: job.height, steps: job.steps }]
      : [
          { width: hires.firstWidth, height: hires.firstHeight, steps: job.steps },
          { width: job.width, height: job.height, steps: hires.steps },
        ]
  let [calls, rows, lines, sampled, attended, controlled, noise, brownian] = [0, 0, 0, 0, 0, 0, 0, 0]
  for (const [i, { width, height, steps }] of passes.entries()) {
    const area = (width * height) / 1e6
    // The second evaluation of the last step has no noise left to remove.
    const made = sampler === 'dpm_adaptive' ? ADAPTIVE_CALLS : TWICE.has(sampler) ? 2 * steps - 1 : steps
    calls += made
    const passRows = made * images * sides
    rows += passRows
    lines += (passRows * height) / 1000
    sampled += passRows * area
    attended += passRows * area * area
    if (control !== undefined && i === 0) controlled += passRows * area
    if (NOISY.has(sampler)) noise += steps * area * images
    if (BROWNIAN.has(sampler)) brownian += steps * area * images
  }
  const megapixels = (job.width * job.height) / 1e6
  return [
    1,
    chunks,
    megapixels * images,
    source === undefined ? 0 : megapixels,
    calls,
    rows,
    lines,
    sampled,
    attended,
    sampled * longest,
    controlled,
    noise,
    brownian,
    loras.length,
    sampled * loras.length,
  ]
}

/** The UNet's multiply-adds up to a factor: what a count without measurements predicts. */
export function multiplyAdds(job: Job): number {
  return costFeatures(job)[COST_FEATURES.indexOf('sampled')] ?? 0
}

/** CLIP reads 75 tokens at a time; English prompts have about four tokens in three words and punctuation. */
function textChunks(prompt: string): number {
  const words = prompt.match(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu)?.length ?? 0
  return Math.max(1, Math.ceil((words * 1.15) / 75))
}
