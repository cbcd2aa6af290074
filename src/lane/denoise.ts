/** Answers a sampler's request: one run of the UNet over conditional and unconditional rows, then guidance. */
import { guide } from '../sampling/guidance.js'
import type { ModelSampling } from '../sampling/model-sampling.js'
import type { Latent } from '../sampling/types.js'
import type { Session } from './session.js'
import type { Conditioning } from './text.js'

export interface DenoiseInput {
  unet: Session
  model: ModelSampling
  /** N×C×h×w of the request. */
  shape: readonly [number, number, number, number]
  x: Latent
  sigma: number
  cond: Conditioning
  uncond: Conditioning
  cfgScale: number
  /** N×k×h×w: channels that the UNet sees beside the latent. */
  concat?: Float32Array | undefined
  control?: ControlFeed | undefined
}

/** What a UNet with a ControlNet is fed besides. */
export interface ControlFeed {
  /** 1×3×8h×8w, 0 to 1. */
  hint: Float32Array
  strength: number
}

/** The guided denoised prediction, as large as `x`. */
export async function denoise({
  unet,
  model,
  shape,
  x,
  sigma,
  cond,
  uncond,
  cfgScale,
  concat: beside,
  control,
}: DenoiseInput): Promise<Latent> {
  const [n, , h, w] = shape
  // A scale of 1 leaves nothing of the unconditional prediction (ComfyUI skips it, too).
  const prompts = Math.abs(cfgScale - 1) <= 1e-9 ? [cond] : [cond, uncond]
  const scaled = model.scaleInput(x, sigma)
  const shown = beside === undefined ? scaled : joinChannels(scaled, beside, n)
  const shownChannels = shown.length / (n * h * w)
  const timestep = model.timestep(sigma)

  const predict = async (rows: readonly Conditioning[]): Promise<Latent[]> => {
    const tokens = rows.reduce((most, row) => lcm(most, row.tokens), 1)
    const batch = rows.length * n
    const { out } = await unet.run(
      {
        x: { shape: [batch, shownChannels, h, w], data: repeat(shown, rows.length) },
        timesteps: { shape: [batch], data: new Float32Array(batch).fill(timestep) },
        context: {
          shape: [batch, tokens, cond.width],
          data: concat(rows.map(row => repeat(row.context, (tokens / row.tokens) * n))),
        },
        ...(cond.y === undefined
          ? {}
          : {
              y: {
                shape: [batch, cond.y.length],
                data: concat(rows.map(row => repeat(row.y ?? new Float32Array(), n))),
              },
            }),
        ...(control === undefined
          ? {}
          : {
              hint: { shape: [batch, 3, 8 * h, 8 * w], data: repeat(control.hint, batch) },
              strength: { shape: [batch], data: new Float32Array(batch).fill(control.strength) },
            }),
      },
      ['out'],
    )
    if (out === undefined) throw new Error('unreachable: run() returns every output it was asked for')
    const size = out.data.length / rows.length
    return rows.map((_, i) => model.denoised(x, out.data.subarray(i * size, (i + 1) * size), sigma))
  }

  // Prompts of different lengths are repeated to a common one, unless that makes the shorter more than 4 times as long.
  const common = prompts.reduce((most, row) => lcm(most, row.tokens), 1)
  const together = prompts.every(row => common <= 4 * row.tokens)
  const [positive, negative] = together
    ? await predict(prompts)
    : (await Promise.all(prompts.map(row => predict([row])))).flat()
  if (positive === undefined) throw new Error('unreachable: there is always a prompt')
  return negative === undefined ? positive : guide(positive, negative, cfgScale)
}

function lcm(a: number, b: number): number {
  const gcd = (p: number, q: number): number => (q === 0 ? p : gcd(q, p % q))
  return (a / gcd(a, b)) * b
}

function repeat(data: Float32Array, times: number): Float32Array {
  if (times === 1) return data
  return concat(Array.from({ length: times }, () => data))
}

/** Each of the `n` rows of `a` followed by its row of `b`. */
function joinChannels(a: Float32Array, b: Float32Array, n: number): Float32Array {
  const row = (data: Float32Array, i: number) => data.subarray((i * data.length) / n, ((i + 1) * data.length) / n)
  return concat(Array.from({ length: n }, (_, i) => [row(a, i), row(b, i)]).flat())
}

function concat(parts: readonly Float32Array[]): Float32Array {
  const [only] = parts
  if (only !== undefined && parts.length === 1) return only
  const joined = new Float32Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}
